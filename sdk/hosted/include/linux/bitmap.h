/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: many bits. */
#ifndef HOSTED_LINUX_BITMAP_H
#define HOSTED_LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/slab.h>

static inline unsigned long *bitmap_zalloc(unsigned int bits, gfp_t gfp)
{
	return kcalloc(BITS_TO_LONGS(bits), sizeof(unsigned long), gfp);
}

static inline void bitmap_free(const unsigned long *bitmap)
{
	kfree(bitmap);
}

static inline unsigned long find_next_bit(const unsigned long *bitmap, unsigned long size,
					  unsigned long bit)
{
	while (bit < size && !test_bit(bit, bitmap))
		bit++;
	return min(bit, size);
}

static inline unsigned long find_next_zero_bit(const unsigned long *bitmap, unsigned long size,
					       unsigned long bit)
{
	while (bit < size && test_bit(bit, bitmap))
		bit++;
	return min(bit, size);
}

/* So many in a row, at a multiple of mask + 1; beyond size if there are none. */
static inline unsigned long bitmap_find_next_zero_area(unsigned long *bitmap, unsigned long size,
						       unsigned long bit, unsigned int count,
						       unsigned long mask)
{
	for (bit = (bit + mask) & ~mask; bit + count <= size; bit += mask + 1)
		if (find_next_bit(bitmap, bit + count, bit) == bit + count)
			return bit;
	return size + 1;
}

static inline void bitmap_set(unsigned long *bitmap, unsigned int bit, unsigned int count)
{
	for (; count; count--)
		__set_bit(bit++, bitmap);
}

static inline void bitmap_clear(unsigned long *bitmap, unsigned int bit, unsigned int count)
{
	for (; count; count--)
		__clear_bit(bit++, bitmap);
}

#endif
