// SPDX-License-Identifier: GPL-2.0-only
/* Whether a format can be meant: all else in the page table believes it. */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "internal.h"
#include "pt_internal.h"

/* What a format promises, and whether it is broken. */
struct xmmu_pt_rule {
	bool broken;
	const char *promise;
};

/* A carry from page to page stays inside of the address. */
static bool xmmu_pt_is_address(u64 mask)
{
	return mask & PAGE_SIZE && !(mask & (mask + (mask & -mask)));
}

static bool xmmu_pt_masks_overlap(const struct xmmu_pt_format *format, u64 kind)
{
	const u64 masks[] = { format->address, kind, format->write, format->accessed,
			      format->dirty };
	u64 seen = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		if (seen & masks[i])
			return true;
		seen |= masks[i];
	}
	return false;
}

static bool xmmu_pt_sizes_ascend(const struct xmmu_pt_format *format)
{
	const struct xmmu_pt_size *size = format->sizes;
	unsigned int i;

	for (i = 1; i < format->nr_sizes; i++)
		if (size[i].order <= size[i - 1].order)
			return false;
	return !size[0].order && size[i - 1].order < 2 * format->bits;
}

static bool xmmu_pt_is_upper(const struct xmmu_pt_format *format, unsigned int i)
{
	return format->sizes[i].order >= format->bits;
}

/* Whether an entry could be a leaf of two sizes, or a leaf and a table. */
static bool xmmu_pt_sizes_alike(const struct xmmu_pt_format *format)
{
	unsigned int i, j;

	for (i = 0; i < format->nr_sizes; i++) {
		if (xmmu_pt_is_upper(format, i) && format->sizes[i].bits == format->table)
			return true;
		for (j = 0; j < i; j++)
			if (format->sizes[i].bits == format->sizes[j].bits &&
			    xmmu_pt_is_upper(format, i) == xmmu_pt_is_upper(format, j))
				return true;
	}
	return false;
}

static bool xmmu_pt_size_is_empty(const struct xmmu_pt_format *format)
{
	unsigned int i;

	for (i = 0; i < format->nr_sizes; i++)
		if (!format->sizes[i].bits)
			return true;
	return false;
}

/* Once it is known how many sizes there are. */
static const char *xmmu_pt_broken(const struct xmmu_pt_format *format, u64 kind)
{
	const struct xmmu_pt_rule rules[] = {
		{ format->bits < 5 || format->bits > 13, "bits is from 5 to 13" },
		{ format->levels < 2, "levels is 2 or more" },
		{ PAGE_SHIFT + (u64)format->levels * format->bits >= BITS_PER_LONG,
		  "levels times bits are no more than an address has" },
		{ !xmmu_pt_sizes_ascend(format),
		  "orders of sizes go up from 0, to less than twice bits" },
		{ !format->table || xmmu_pt_size_is_empty(format),
		  "table, and bits of each size, are not 0: that is no entry" },
		{ xmmu_pt_sizes_alike(format),
		  "bits of a size are those of no other, and not table, in the same table" },
		{ !xmmu_pt_is_address(format->address),
		  "address has the bit of PAGE_SIZE, and no gap" },
		{ !format->write, "write is not 0: else the device could write to all" },
		{ xmmu_pt_masks_overlap(format, kind),
		  "no bit has two meanings of address, table or size, write, accessed, dirty" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken)
			return rules[i].promise;
	return NULL;
}

u64 xmmu_pt_kind(const struct xmmu_pt_format *format)
{
	u64 kind = format->table;
	unsigned int i;

	for (i = 0; i < format->nr_sizes; i++)
		kind |= format->sizes[i].bits;
	return kind;
}

int xmmu_pt_format_check(const struct xmmu_pt_format *format)
{
	const char *broken = "nr_sizes is from 1 to XMMU_PT_SIZES";

	if (format->nr_sizes && format->nr_sizes <= XMMU_PT_SIZES)
		broken = xmmu_pt_broken(format, xmmu_pt_kind(format));
	if (!broken)
		return 0;
	pr_err("xmmu: %s: in a page table's format %s\n", XMMU_DRIVER_NAME, broken);
	return -EINVAL;
}
