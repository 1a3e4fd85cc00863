// SPDX-License-Identifier: GPL-2.0-only
/* Access to memory, of this machine or of the device, when the translation is known. */
#include <linux/atomic.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "internal.h"

static void move(u64 *words, const struct softdev_access *access)
{
	u32 i;

	switch (access->kind) {
	case SOFTDEV_ACCESS_READ:
		for (i = 0; i < access->words; i++)
			access->data[i] = READ_ONCE(words[i]);
		break;
	case SOFTDEV_ACCESS_WRITE:
		for (i = 0; i < access->words; i++)
			WRITE_ONCE(words[i], access->data[i]);
		break;
	case SOFTDEV_ACCESS_ADD:
		for (i = 0; i < access->words; i++)
			access->data[i] =
				atomic64_fetch_add(access->value, (atomic64_t *)&words[i]);
		break;
	case SOFTDEV_ACCESS_SWAP:
		for (i = 0; i < access->words; i++)
			access->data[i] = atomic64_cmpxchg((atomic64_t *)&words[i],
							   access->expected, access->value);
		break;
	}
}

static int move_own(struct softdev *dev, u64 offset, const struct softdev_access *access)
{
	if (offset + access->words * SOFTDEV_WORD > dev->params.memory)
		return -EIO;
	move((u64 *)(dev->memory + offset), access);
	return 0;
}

static int move_ram(u64 addr, const struct softdev_access *access)
{
	unsigned long pfn = PHYS_PFN(addr);
	void *page;

	if (!pfn_valid(pfn))
		return -EIO;
	page = kmap_local_page(pfn_to_page(pfn));
	move(page + offset_in_page(addr), access);
	kunmap_local(page);
	return 0;
}

int softdev_move(struct softdev *dev, const struct softdev_leaf *leaf,
		 const struct softdev_access *access)
{
	u64 addr = (leaf->entry & SOFTDEV_ADDRESS) + (access->addr - leaf->base);

	if (leaf->entry & SOFTDEV_DEVMEM)
		return move_own(dev, addr, access);
	return move_ram(addr, access);
}
