// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the software device, word by word against what the processor sees. */
#include "softdev.h"

static void start(void)
{
	map(16, 0, NULL);
	device_start(NULL);
	let_write(0, 16);
}

static void tidy(void)
{
	device_stop();
}

/* Words of the process. */
static u64 word(u64 addr)
{
	u64 value = 0;

	expect(hosted_load(mm, addr, &value), 0);
	return value;
}

static void set(u64 addr, u64 value)
{
	expect(hosted_store(mm, addr, value), 0);
}

static void fill(void)
{
	start();
	set(at(0), 11);
	set(at(0) + 4088, 12);
	expect(runs((struct softdev_command){ .op = SOFTDEV_FILL,
					      .dst = at(0) + 8,
					      .count = 3 * 512 - 2,
					      .value = 7,
					      .cookie = 42 }),
	       0);
	expect(rig.last.cookie, 42);
	expect(word(at(0)), 11);
	expect(word(at(0) + 8), 7);
	expect(word(at(1) + 2048), 7);
	expect(word(at(3) - 16), 7);
	expect(word(at(3) - 8), 0);
}

/* Operands that lie differently in their pages. */
static void copy(void)
{
	u64 i;

	start();
	for (i = 0; i < 600; i++)
		set(at(0) + 4000 + i * 8, i + 1);
	expect(runs((struct softdev_command){
		       .op = SOFTDEV_COPY, .dst = at(8) + 24, .src = at(0) + 4000, .count = 600 }),
	       0);
	for (i = 0; i < 600; i++)
		expect(word(at(8) + 24 + i * 8), i + 1);
	expect(word(at(8) + 16), 0);
	expect(word(at(8) + 24 + 600 * 8), 0);
}

static void compare(void)
{
	struct softdev_command command = {
		.op = SOFTDEV_COMPARE, .dst = at(4), .src = at(8), .count = 2048
	};

	start();
	expect(runs(command), 0);
	expect(rig.last.result, 2048);
	set(at(6) + 8 * 100, 1);
	set(at(9) + 8 * 30, 1);
	expect(runs(command), 0);
	expect(rig.last.result, 512 + 30);
}

static void add(void)
{
	start();
	set(at(1) - 8, 40);
	expect(runs((struct softdev_command){
		       .op = SOFTDEV_ADD, .dst = at(1) - 8, .count = 2, .value = 2 }),
	       0);
	expect(rig.last.result, 40);
	expect(word(at(1) - 8), 42);
	expect(word(at(1)), 2);
}

static void gather_scatter(void)
{
	const u64 index[] = { 600, 0, 1023, 5 };
	unsigned int i;

	start();
	for (i = 0; i < 4; i++) {
		set(at(0) + i * 8, index[i]);
		set(at(2) + index[i] * 8, 100 + i);
	}
	expect(runs((struct softdev_command){ .op = SOFTDEV_GATHER,
					      .dst = at(1) - 16,
					      .src = at(2),
					      .index = at(0),
					      .count = 4 }),
	       0);
	for (i = 0; i < 4; i++)
		expect(word(at(1) - 16 + i * 8), 100 + i);
	expect(runs((struct softdev_command){ .op = SOFTDEV_SCATTER,
					      .dst = at(6),
					      .src = at(1) - 16,
					      .index = at(0),
					      .count = 4 }),
	       0);
	for (i = 0; i < 4; i++)
		expect(word(at(6) + index[i] * 8), 100 + i);
}

static void chase(void)
{
	start();
	set(at(0), at(3) + 8);
	set(at(3) + 8, at(1) + 16);
	set(at(1) + 16, at(7));
	expect(runs((struct softdev_command){ .op = SOFTDEV_CHASE, .src = at(0), .count = 3 }), 0);
	expect(rig.last.result, at(7));
	expect(runs((struct softdev_command){ .op = SOFTDEV_CHASE, .src = at(0), .count = 0 }), 0);
	expect(rig.last.result, at(0));
	set(at(7), 13);
	expect(runs((struct softdev_command){ .op = SOFTDEV_CHASE, .src = at(0), .count = 4 }),
	       -EINVAL);
}

static void refused(void)
{
	start();
	expect(runs((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0) + 4, .count = 1 }),
	       -EINVAL);
	expect(runs((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = ~0ULL }),
	       -EINVAL);
	expect(runs((struct softdev_command){ .op = 99, .count = 1 }), -EINVAL);
	expect(runs((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 0 }), 0);
	*entry(0) = (1ULL << 45) | SOFTDEV_VALID; /* no memory there */
	expect(reads(0), -EIO);
}

/* The memory of the device is reached by the same commands. */
static void own_memory(void)
{
	u64 *memory;

	params.memory = 8192;
	start();
	memory = softdev_memory(rig.dev);
	*entry(0) = 4096 | SOFTDEV_VALID | SOFTDEV_WRITE | SOFTDEV_DEVMEM;
	*entry(1) = 8192 | SOFTDEV_VALID | SOFTDEV_WRITE | SOFTDEV_DEVMEM;
	set(at(2) + 8, 5);
	expect(runs((struct softdev_command){
		       .op = SOFTDEV_COPY, .dst = at(0) + 80, .src = at(2), .count = 2 }),
	       0);
	expect(memory[512 + 11], 5);
	expect(writes(1, 1), -EIO);
}

/* In a queue one after the other; a full one refuses. */
static void order(void)
{
	struct softdev_command command = { .op = SOFTDEV_ADD, .dst = at(0), .count = 1 };
	unsigned int i;

	start();
	for (i = 0; i < 64; i++) {
		command.value = 1;
		command.cookie = i;
		submit(command);
	}
	expect(softdev_submit(rig.queue, &command), -EAGAIN);
	for (i = 0; i < 64; i++)
		expect(ended(), 0);
	expect(rig.last.cookie, 63);
	expect(rig.last.result, 63);
	expect(word(at(0)), 64);
	expect(stats().commands, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fill),  TEST(copy),    TEST(compare),    TEST(add),   TEST(gather_scatter),
		TEST(chase), TEST(refused), TEST(own_memory), TEST(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
