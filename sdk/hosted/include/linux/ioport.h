/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: where the registers of a device are. */
#ifndef HOSTED_LINUX_IOPORT_H
#define HOSTED_LINUX_IOPORT_H

#include <linux/types.h>

struct resource {
	resource_size_t start;
	resource_size_t end;
	const char *name;
};

static inline resource_size_t resource_size(const struct resource *resource)
{
	return resource->end - resource->start + 1;
}

#endif
