/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: text of a macro. */
#ifndef HOSTED_LINUX_STRINGIFY_H
#define HOSTED_LINUX_STRINGIFY_H

#define __stringify_1(...) #__VA_ARGS__
#define __stringify(...)   __stringify_1(__VA_ARGS__)

#endif
