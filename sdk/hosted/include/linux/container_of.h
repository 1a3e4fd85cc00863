/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: from a member to what contains it. */
#ifndef HOSTED_LINUX_CONTAINER_OF_H
#define HOSTED_LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define container_of(pointer, type, member)                                    \
	({                                                                     \
		void *__member = (void *)(pointer);                            \
		_Static_assert(__same_type(*(pointer), ((type *)0)->member) || \
				       __same_type(*(pointer), void),          \
			       "container_of() of another type");              \
		(type *)(__member - offsetof(type, member));                   \
	})

#endif
