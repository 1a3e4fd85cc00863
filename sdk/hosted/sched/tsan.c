// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions that gcc's -fsanitize=thread calls, in place of its library: each access to memory
 * becomes a point. READ_ONCE and WRITE_ONCE are volatile accesses, which
 * --param tsan-distinguish-volatile=1 tells apart. Not to be instrumented itself.
 */
#include "internal.h"

/* Of the own stack a task may do what it likes: nobody else looks at it. */
static bool on_own_stack(uintptr_t addr)
{
	return addr - hosted_stack(hosted_running->id) < HOSTED_STACK_SIZE;
}

static inline void touch(enum hosted_op op, const volatile void *p, size_t size, const void *ip)
{
	if (size && !on_own_stack((uintptr_t)p))
		hosted_access(op, (uintptr_t)p, size, ip);
}

/* gcc declares none of these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

#define ACCESS(name, op, size)                                   \
	void __tsan_##name##size(void *p)                        \
	{                                                        \
		touch(op, p, size, __builtin_return_address(0)); \
	}

#define ACCESSES(size)                                            \
	ACCESS(read, HOSTED_READ, size)                           \
	ACCESS(write, HOSTED_WRITE, size)                         \
	ACCESS(unaligned_read, HOSTED_READ, size)                 \
	ACCESS(unaligned_write, HOSTED_WRITE, size)               \
	ACCESS(volatile_read, HOSTED_MARKED_READ, size)           \
	ACCESS(volatile_write, HOSTED_MARKED_WRITE, size)         \
	ACCESS(unaligned_volatile_read, HOSTED_MARKED_READ, size) \
	ACCESS(unaligned_volatile_write, HOSTED_MARKED_WRITE, size)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *p, size_t size)
{
	touch(HOSTED_READ, p, size, __builtin_return_address(0));
}

void __tsan_write_range(void *p, size_t size)
{
	touch(HOSTED_WRITE, p, size, __builtin_return_address(0));
}

static bool acquires(int order)
{
	return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE ||
	       order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

void __tsan_atomic_thread_fence(int order)
{
	hosted_fence(acquires(order), releases(order));
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

static void order_after(const volatile void *p, int order)
{
	if (acquires(order))
		hosted_acquire(p);
	if (releases(order))
		hosted_release(p);
}

#define FETCH(bits, type, name, op)                                                  \
	type __tsan_atomic##bits##_fetch_##name(volatile type *p, type v, int order) \
	{                                                                            \
		type old;                                                            \
                                                                                     \
		touch(HOSTED_ATOMIC, p, sizeof(type), __builtin_return_address(0));  \
		old = *p;                                                            \
		*p = op;                                                             \
		order_after(p, order);                                               \
		return old;                                                          \
	}

#define EXCHANGE(bits, type, name)                                                           \
	bool __tsan_atomic##bits##_compare_exchange_##name(volatile type *p, type *expected, \
							   type v, int order, int failed)    \
	{                                                                                    \
		touch(HOSTED_ATOMIC, p, sizeof(type), __builtin_return_address(0));          \
		if (*p != *expected) {                                                       \
			*expected = *p;                                                      \
			order_after(p, failed);                                              \
			return false;                                                        \
		}                                                                            \
		*p = v;                                                                      \
		order_after(p, order);                                                       \
		return true;                                                                 \
	}

#define ATOMICS(bits, type)                                                                      \
	type __tsan_atomic##bits##_load(const volatile type *p, int order)                       \
	{                                                                                        \
		touch(HOSTED_MARKED_READ, p, sizeof(type), __builtin_return_address(0));         \
		if (acquires(order))                                                             \
			hosted_acquire(p);                                                       \
		return *p;                                                                       \
	}                                                                                        \
                                                                                                 \
	void __tsan_atomic##bits##_store(volatile type *p, type v, int order)                    \
	{                                                                                        \
		touch(HOSTED_MARKED_WRITE, p, sizeof(type), __builtin_return_address(0));        \
		*p = v;                                                                          \
		if (releases(order))                                                             \
			hosted_release(p);                                                       \
	}                                                                                        \
                                                                                                 \
	type __tsan_atomic##bits##_exchange(volatile type *p, type v, int order)                 \
	{                                                                                        \
		type old;                                                                        \
                                                                                                 \
		touch(HOSTED_ATOMIC, p, sizeof(type), __builtin_return_address(0));              \
		old = *p;                                                                        \
		*p = v;                                                                          \
		order_after(p, order);                                                           \
		return old;                                                                      \
	}                                                                                        \
                                                                                                 \
	FETCH(bits, type, add, old + v)                                                          \
	FETCH(bits, type, sub, old - v)                                                          \
	FETCH(bits, type, and, old &v)                                                           \
	FETCH(bits, type, or, old | v)                                                           \
	FETCH(bits, type, xor, old ^ v)                                                          \
	FETCH(bits, type, nand, ~(old & v))                                                      \
	EXCHANGE(bits, type, strong)                                                             \
	EXCHANGE(bits, type, weak)                                                               \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, \
							int order, int failed)                   \
	{                                                                                        \
		__tsan_atomic##bits##_compare_exchange_strong(p, &expected, v, order, failed);   \
		return expected;                                                                 \
	}

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
ATOMICS(128, unsigned __int128)
