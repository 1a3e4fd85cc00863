// SPDX-License-Identifier: GPL-2.0-only
/* The check that stands between the edu driver and QEMU's abort(), compared with its definition. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../../sample-drivers/edu/validate.h"

#define MASK ((1ULL << 28) - 1)

static bool valid(uint32_t offset, uint32_t len)
{
	return edu_transfer_valid(&(struct edu_transfer){ .offset = offset, .len = len }, MASK);
}

static bool valid_dma(uint64_t dma, uint32_t len, uint64_t mask)
{
	return edu_transfer_valid(&(struct edu_transfer){ .dma = dma, .len = len }, mask);
}

/*
 * What QEMU up to 9.0 aborts on, in wide numbers that can not wrap: the buffer is at 0x40000, and
 * the end of the transfer has to lie before the end of its 4096 bytes.
 */
static bool aborts(uint64_t offset, uint64_t len)
{
	uint64_t begin = 0x40000 + offset;

	return !len || begin + len >= 0x40000 + 4096;
}

static void each_offset_and_length(void **state)
{
	uint32_t offset, len;

	(void)state;
	for (offset = 0; offset < 4100; offset++)
		for (len = 0; len < 4100; len++)
			if (valid(offset, len) == aborts(offset, len))
				fail_msg("offset %u, len %u", offset, len);
}

static void limits(void **state)
{
	(void)state;
	assert_true(valid(0, 1));
	assert_true(valid(0, 4095));
	assert_true(valid(4094, 1));
	assert_false(valid(0, 0));
	assert_false(valid(0, 4096));
	assert_false(valid(1, 4095));
	assert_false(valid(4095, 1));
	assert_false(valid(4095, 0));
}

static void sums_that_wrap(void **state)
{
	static const uint32_t big[] = { 1U << 31, UINT32_MAX - 4095, UINT32_MAX - 1, UINT32_MAX };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
		assert_false(valid(big[i], 1));
		assert_false(valid(big[i], 4095));
		assert_false(valid(big[i], -big[i] + 1));
		assert_false(valid(0, big[i]));
		assert_false(valid(100, big[i]));
		assert_false(valid(big[i], big[i]));
	}
}

static void addresses_within_the_mask(void **state)
{
	(void)state;
	assert_true(valid_dma(0, 1, MASK));
	assert_true(valid_dma(MASK, 1, MASK));
	assert_true(valid_dma(MASK - 4094, 4095, MASK));
	assert_false(valid_dma(MASK, 2, MASK));
	assert_false(valid_dma(MASK - 4093, 4095, MASK));
	assert_false(valid_dma(MASK + 1, 1, MASK));
	assert_false(valid_dma(UINT64_MAX, 1, MASK));
	assert_false(valid_dma(UINT64_MAX, 2, UINT64_MAX));
	assert_true(valid_dma(UINT64_MAX, 1, UINT64_MAX));
	assert_true(valid_dma(UINT64_MAX - 4094, 4095, UINT64_MAX));
	assert_false(valid_dma(UINT64_MAX - 4093, 4095, UINT64_MAX));
}

static void directions(void **state)
{
	struct edu_transfer transfer = { .len = 1 };
	unsigned int bit;

	(void)state;
	assert_true(edu_transfer_valid(&transfer, MASK));
	transfer.direction = XMMU_EDU_FROM_DEVICE;
	assert_true(edu_transfer_valid(&transfer, MASK));
	for (bit = 1; bit < 32; bit++) {
		transfer.direction = 1U << bit;
		assert_false(edu_transfer_valid(&transfer, MASK));
		transfer.direction |= XMMU_EDU_FROM_DEVICE;
		assert_false(edu_transfer_valid(&transfer, MASK));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_offset_and_length),
		cmocka_unit_test(limits),
		cmocka_unit_test(sums_that_wrap),
		cmocka_unit_test(addresses_within_the_mask),
		cmocka_unit_test(directions),
	};

	return cmocka_run_group_tests_name("edu_validate", tests, NULL, NULL);
}
