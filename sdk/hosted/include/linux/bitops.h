/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: bits in memory, atomic unless the name begins with two underscores. */
#ifndef HOSTED_LINUX_BITOPS_H
#define HOSTED_LINUX_BITOPS_H

#include <linux/barrier.h>
#include <linux/bits.h>
#include <linux/types.h>

static inline void set_bit(long bit, volatile unsigned long *word)
{
	__atomic_fetch_or(word + BIT_WORD(bit), BIT_MASK(bit), __ATOMIC_RELAXED);
}

static inline void clear_bit(long bit, volatile unsigned long *word)
{
	__atomic_fetch_and(word + BIT_WORD(bit), ~BIT_MASK(bit), __ATOMIC_RELAXED);
}

static inline void clear_bit_unlock(long bit, volatile unsigned long *word)
{
	__atomic_fetch_and(word + BIT_WORD(bit), ~BIT_MASK(bit), __ATOMIC_RELEASE);
}

static inline bool test_bit(long bit, const volatile unsigned long *word)
{
	return word[BIT_WORD(bit)] & BIT_MASK(bit);
}

static inline bool test_bit_acquire(long bit, const volatile unsigned long *word)
{
	return smp_load_acquire(word + BIT_WORD(bit)) & BIT_MASK(bit);
}

static inline bool test_and_set_bit(long bit, volatile unsigned long *word)
{
	return __atomic_fetch_or(word + BIT_WORD(bit), BIT_MASK(bit), __ATOMIC_SEQ_CST) &
	       BIT_MASK(bit);
}

static inline bool test_and_set_bit_lock(long bit, volatile unsigned long *word)
{
	return __atomic_fetch_or(word + BIT_WORD(bit), BIT_MASK(bit), __ATOMIC_ACQUIRE) &
	       BIT_MASK(bit);
}

static inline bool test_and_clear_bit(long bit, volatile unsigned long *word)
{
	return __atomic_fetch_and(word + BIT_WORD(bit), ~BIT_MASK(bit), __ATOMIC_SEQ_CST) &
	       BIT_MASK(bit);
}

/* Bits of a mask anew, in one step. */
static inline unsigned long set_mask_bits(unsigned long *word, unsigned long mask,
					  unsigned long bits)
{
	unsigned long old = __atomic_load_n(word, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(word, &old, (old & ~mask) | bits, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old;
}

/* The number of the highest bit of a word that has any. */
static inline unsigned long __fls(unsigned long word)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

static inline void __set_bit(long bit, unsigned long *word)
{
	word[BIT_WORD(bit)] |= BIT_MASK(bit);
}

static inline void __clear_bit(long bit, unsigned long *word)
{
	word[BIT_WORD(bit)] &= ~BIT_MASK(bit);
}

#endif
