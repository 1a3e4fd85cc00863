/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: where the registers of a device, or its memory, are. */
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

extern struct resource iomem_resource;

/* NULL if somebody else has it. */
struct resource *request_mem_region(resource_size_t start, resource_size_t size, const char *name);
/* Addresses that nobody has. */
struct resource *request_free_mem_region(struct resource *base, unsigned long size,
					 const char *name);
void release_mem_region(resource_size_t start, resource_size_t size);

#endif
