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

static inline unsigned long find_first_zero_bit(const unsigned long *bitmap, unsigned long size)
{
	return find_next_zero_bit(bitmap, size, 0);
}

#endif
