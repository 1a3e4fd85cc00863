/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: atomics, bit operations and barriers, through builtins that the runtime sees. */
#ifndef HOSTED_LINUX_ATOMIC_H
#define HOSTED_LINUX_ATOMIC_H

#include <linux/barrier.h>
#include <linux/types.h>

/*
 * Order as documented in the kernel: what returns nothing is relaxed, what returns a value is
 * fully ordered unless its name says otherwise.
 */
#define ATOMIC_INIT(i)         \
	{                      \
		.counter = (i) \
	}
#define ATOMIC64_INIT(i) ATOMIC_INIT(i)

#define HOSTED_ATOMIC_OPS(atomic, atomic_t, type)                                                \
	static inline type atomic##_read(const atomic_t *v)                                      \
	{                                                                                        \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);                           \
	}                                                                                        \
	static inline type atomic##_read_acquire(const atomic_t *v)                              \
	{                                                                                        \
		return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);                           \
	}                                                                                        \
	static inline void atomic##_set(atomic_t *v, type i)                                     \
	{                                                                                        \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                        \
	static inline void atomic##_set_release(atomic_t *v, type i)                             \
	{                                                                                        \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE);                              \
	}                                                                                        \
	static inline void atomic##_add(type i, atomic_t *v)                                     \
	{                                                                                        \
		__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);                            \
	}                                                                                        \
	static inline void atomic##_sub(type i, atomic_t *v)                                     \
	{                                                                                        \
		__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);                            \
	}                                                                                        \
	static inline void atomic##_inc(atomic_t *v)                                             \
	{                                                                                        \
		atomic##_add(1, v);                                                              \
	}                                                                                        \
	static inline void atomic##_dec(atomic_t *v)                                             \
	{                                                                                        \
		atomic##_sub(1, v);                                                              \
	}                                                                                        \
	static inline type atomic##_add_return(type i, atomic_t *v)                              \
	{                                                                                        \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                     \
	}                                                                                        \
	static inline type atomic##_sub_return(type i, atomic_t *v)                              \
	{                                                                                        \
		return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                     \
	}                                                                                        \
	static inline type atomic##_fetch_add(type i, atomic_t *v)                               \
	{                                                                                        \
		return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);                     \
	}                                                                                        \
	static inline type atomic##_inc_return(atomic_t *v)                                      \
	{                                                                                        \
		return atomic##_add_return(1, v);                                                \
	}                                                                                        \
	static inline type atomic##_dec_return(atomic_t *v)                                      \
	{                                                                                        \
		return atomic##_sub_return(1, v);                                                \
	}                                                                                        \
	static inline bool atomic##_dec_and_test(atomic_t *v)                                    \
	{                                                                                        \
		return !atomic##_sub_return(1, v);                                               \
	}                                                                                        \
	static inline bool atomic##_inc_and_test(atomic_t *v)                                    \
	{                                                                                        \
		return !atomic##_add_return(1, v);                                               \
	}                                                                                        \
	static inline type atomic##_xchg(atomic_t *v, type i)                                    \
	{                                                                                        \
		return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST);                    \
	}                                                                                        \
	static inline bool atomic##_try_cmpxchg(atomic_t *v, type *old, type i)                  \
	{                                                                                        \
		return __atomic_compare_exchange_n(&v->counter, old, i, false, __ATOMIC_SEQ_CST, \
						   __ATOMIC_RELAXED);                            \
	}                                                                                        \
	static inline type atomic##_cmpxchg(atomic_t *v, type old, type i)                       \
	{                                                                                        \
		atomic##_try_cmpxchg(v, &old, i);                                                \
		return old;                                                                      \
	}                                                                                        \
	static inline type atomic##_fetch_add_unless(atomic_t *v, type i, type unless)           \
	{                                                                                        \
		type old = atomic##_read(v);                                                     \
                                                                                                 \
		while (old != unless && !atomic##_try_cmpxchg(v, &old, old + i))                 \
			;                                                                        \
		return old;                                                                      \
	}                                                                                        \
	static inline bool atomic##_add_unless(atomic_t *v, type i, type unless)                 \
	{                                                                                        \
		return atomic##_fetch_add_unless(v, i, unless) != unless;                        \
	}                                                                                        \
	/* The value less one, whether it was taken or not. */                                   \
	static inline type atomic##_dec_if_positive(atomic_t *v)                                 \
	{                                                                                        \
		type old = atomic##_read(v);                                                     \
                                                                                                 \
		while (old > 0 && !atomic##_try_cmpxchg(v, &old, old - 1))                       \
			;                                                                        \
		return old - 1;                                                                  \
	}                                                                                        \
	static inline bool atomic##_inc_not_zero(atomic_t *v)                                    \
	{                                                                                        \
		return atomic##_add_unless(v, 1, 0);                                             \
	}

HOSTED_ATOMIC_OPS(atomic, atomic_t, int)
HOSTED_ATOMIC_OPS(atomic64, atomic64_t, s64)

#define xchg(pointer, value) __atomic_exchange_n(pointer, value, __ATOMIC_SEQ_CST)
#define cmpxchg(pointer, old, value)                                                         \
	({                                                                                   \
		__typeof__(*(pointer)) __old = (old);                                        \
		__atomic_compare_exchange_n(pointer, &__old, value, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_RELAXED);                               \
		__old;                                                                       \
	})
/* What it was instead is in *old then. */
#define try_cmpxchg(pointer, old, value) \
	__atomic_compare_exchange_n(pointer, old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#endif
