/* SPDX-License-Identifier: GPL-2.0-only */
/* Who maps a page: nothing of it is for drivers here. */
#ifndef _LINUX_RMAP_H
#define _LINUX_RMAP_H

#include <linux/mm.h>

#endif
