// SPDX-License-Identifier: GPL-2.0-only
/* Where DMA may go through a bounce buffer, an address can not live as long as a leaf. */
#include "t.h"

static void leaf_addresses_are_not_supported(void **state)
{
	int fd = xt_open();

	(void)state;
	assert_int_equal(xt_attach_as(fd,
				      &(struct xt_attach){ .dma = XT_DMA_LEAF, .dma_bits = 28 }),
			 -EOPNOTSUPP);
	assert_false(xt_stats(fd).alive);
	xt_stop(fd);
}

/* A transfer copies exactly its bytes, so it may. */
static void transfer_goes_through_the_bounce_buffer(void **state)
{
	char *memory = t_map(1);
	int fd = xt_open();
	struct xt_xfer xfer = { .addr = (uintptr_t)memory + 100, .len = 200 };

	(void)state;
	assert_int_equal(
		xt_attach_as(fd, &(struct xt_attach){ .dma = XT_DMA_XFER, .dma_bits = 28 }), 0);
	xfer.id = xt_insert(fd, memory, 1);
	memset(memory, 0x5a, PAGE);
	assert_int_equal(xt_call(fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	memory[99] = 1;
	memory[300] = 2;
	assert_int_equal(xt_call(fd, XT_IOC_XFER_END, &xfer), 0);
	assert_int_equal(memory[99], 1);
	assert_int_equal(memory[300], 2);
	xt_stop(fd);
	t_unmap(memory, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf_addresses_are_not_supported),
		cmocka_unit_test(transfer_goes_through_the_bounce_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
