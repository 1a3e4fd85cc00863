// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the compiler's calls for atomic accesses return and leave in memory, for each size, and
 * which accesses become points. The calls are made by hand: nothing here is instrumented.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"

/* The compiler knows them with other types of pointers. */
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

#define DECLARE(bits, type)                                                                        \
	type __tsan_atomic##bits##_load(const volatile type *p, int order);                        \
	void __tsan_atomic##bits##_store(volatile type *p, type v, int order);                     \
	type __tsan_atomic##bits##_exchange(volatile type *p, type v, int order);                  \
	type __tsan_atomic##bits##_fetch_add(volatile type *p, type v, int order);                 \
	type __tsan_atomic##bits##_fetch_sub(volatile type *p, type v, int order);                 \
	type __tsan_atomic##bits##_fetch_and(volatile type *p, type v, int order);                 \
	type __tsan_atomic##bits##_fetch_or(volatile type *p, type v, int order);                  \
	type __tsan_atomic##bits##_fetch_xor(volatile type *p, type v, int order);                 \
	type __tsan_atomic##bits##_fetch_nand(volatile type *p, type v, int order);                \
	bool __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected,       \
							   type v, int order, int failed);         \
	bool __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type v, \
							 int order, int failed);                   \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v,   \
							int order, int failed);

DECLARE(8, uint8_t)
DECLARE(16, uint16_t)
DECLARE(32, uint32_t)
DECLARE(64, uint64_t)
DECLARE(128, unsigned __int128)

void __tsan_read4(void *p);
void __tsan_unaligned_write8(void *p);
void __tsan_volatile_read2(void *p);
void __tsan_write_range(void *p, size_t size);

#define FETCHES(bits, name, v, result)                                                    \
	do {                                                                              \
		x = 0x5a;                                                                 \
		assert_int_equal(__tsan_atomic##bits##_fetch_##name(&x, v, order), 0x5a); \
		assert_true(x == (typeof(x))(result));                                    \
	} while (0)

/* All calls of one size, in each memory order. */
#define TEST(bits, type)                                                                   \
	static void test_atomics_of_##bits##_bits(void **state)                            \
	{                                                                                  \
		type x, expected;                                                          \
                                                                                           \
		(void)state;                                                               \
		for (int order = __ATOMIC_RELAXED; order <= __ATOMIC_SEQ_CST; order++) {   \
			__tsan_atomic##bits##_store(&x, 7, order);                         \
			assert_int_equal(__tsan_atomic##bits##_load(&x, order), 7);        \
			assert_int_equal(__tsan_atomic##bits##_exchange(&x, 9, order), 7); \
			FETCHES(bits, add, 3, 0x5d);                                       \
			FETCHES(bits, sub, 3, 0x57);                                       \
			FETCHES(bits, and, 0x0f, 0x0a);                                    \
			FETCHES(bits, or, 0x0f, 0x5f);                                     \
			FETCHES(bits, xor, 0x0f, 0x55);                                    \
			FETCHES(bits, nand, 0x0f, ~(type)0x0a);                            \
			x = 5;                                                             \
			expected = 4;                                                      \
			assert_false(__tsan_atomic##bits##_compare_exchange_strong(        \
				&x, &expected, 6, order, __ATOMIC_RELAXED));               \
			assert_true(x == 5 && expected == 5);                              \
			assert_true(__tsan_atomic##bits##_compare_exchange_weak(           \
				&x, &expected, 6, order, __ATOMIC_RELAXED));               \
			assert_true(x == 6);                                               \
			assert_int_equal(__tsan_atomic##bits##_compare_exchange_val(       \
						 &x, 6, 7, order, __ATOMIC_RELAXED),       \
					 6);                                               \
			assert_int_equal(__tsan_atomic##bits##_compare_exchange_val(       \
						 &x, 6, 8, order, __ATOMIC_RELAXED),       \
					 7);                                               \
			assert_true(x == 7);                                               \
		}                                                                          \
	}

TEST(8, uint8_t)
TEST(16, uint16_t)
TEST(32, uint32_t)
TEST(64, uint64_t)
TEST(128, unsigned __int128)

static const struct hosted_failure *run(void (*fn)(void *arg))
{
	hosted_reset();
	hosted_spawn("task", fn, NULL);
	return hosted_run();
}

/* Virtual time goes on with each point. */
static void own_stack(void *arg)
{
	unsigned long long before = hosted_now_ns();
	uint64_t local = 0;

	(void)arg;
	__tsan_unaligned_write8(&local);
	__tsan_read4(&local);
	assert_true(hosted_now_ns() == before);
}

static void test_the_own_stack_is_no_point(void **state)
{
	(void)state;
	assert_null(run(own_stack));
}

static void shared_memory(void *arg)
{
	static uint64_t shared;
	unsigned long long before = hosted_now_ns();

	(void)arg;
	__tsan_volatile_read2(&shared);
	__tsan_unaligned_write8(&shared);
	__tsan_write_range(&shared, sizeof(shared));
	__tsan_write_range(&shared, 0);
	assert_true(hosted_now_ns() == before + 3 * HOSTED_POINT_NS);
}

static void test_other_memory_is_one(void **state)
{
	(void)state;
	assert_null(run(shared_memory));
}

static void freed_memory(void *arg)
{
	arg = hosted_alloc(64);
	hosted_free(arg);
	__tsan_read4((char *)arg + 32);
}

static void test_freed_memory_fails(void **state)
{
	const struct hosted_failure *failure = run(freed_memory);

	(void)state;
	assert_non_null(failure);
	assert_string_equal(failure->oracle, "use after free");
	assert_non_null(strstr(failure->text, "read of 4 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_atomics_of_8_bits),
		cmocka_unit_test(test_atomics_of_16_bits),
		cmocka_unit_test(test_atomics_of_32_bits),
		cmocka_unit_test(test_atomics_of_64_bits),
		cmocka_unit_test(test_atomics_of_128_bits),
		cmocka_unit_test(test_the_own_stack_is_no_point),
		cmocka_unit_test(test_other_memory_is_one),
		cmocka_unit_test(test_freed_memory_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
