/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: marks of functions that run once. */
#ifndef HOSTED_LINUX_INIT_H
#define HOSTED_LINUX_INIT_H

#define __init
#define __exit
#define __initdata

#endif
