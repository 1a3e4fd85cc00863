// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of addresses, compared with an array that has one number for each page. */
#include "core.h"

#include <xmmu/attr.h>

#define PAGES 64

static struct xmmu_attr attr;
static unsigned long model[PAGES];

static void set(unsigned long from, unsigned long to, unsigned long value)
{
	expect(xmmu_attr_set(&attr, at(from), at(to), value), 0);
	for (; from < to; from++)
		model[from] = value;
}

static unsigned long model_end(unsigned long page)
{
	unsigned long end = page + 1;

	while (end < PAGES && model[end] == model[page])
		end++;
	return end < PAGES || model[page] ? at(end) : ULONG_MAX;
}

/* Each page, and how many pieces there are. */
static unsigned int pieces(void)
{
	unsigned int pieces = 0;
	unsigned long page, end;

	for (page = 0; page < PAGES; page++) {
		expect(xmmu_attr_get(&attr, at(page) + 17, &end), model[page]);
		expect(end, model_end(page));
		expect(xmmu_attr_get(&attr, at(page), NULL), model[page]);
		pieces += model[page] && (!page || model[page - 1] != model[page]);
	}
	return pieces;
}

/* It takes memory for what is different, and for nothing else. */
static void compare(unsigned long objects)
{
	expect(hosted_slab_objects(), objects + pieces());
}

static void begin(void)
{
	core_start(1, HOSTED_DMA_DIRECT);
	xmmu_attr_init(&attr);
	memset(model, 0, sizeof(model));
}

static void case_piecewise(void *unused)
{
	unsigned long objects;

	begin();
	objects = hosted_slab_objects();
	compare(objects);
	set(10, 20, 1);
	compare(objects);
	set(20, 30, 1); /* one piece with what is before */
	set(5, 10, 1);  /* and with what is after */
	compare(objects);
	expect(hosted_slab_objects(), objects + 1);
	set(12, 14, 2); /* cuts it in two */
	compare(objects);
	expect(hosted_slab_objects(), objects + 3);
	set(8, 25, 0);
	compare(objects);
	set(8, 25, 1); /* closes the gap */
	expect(hosted_slab_objects(), objects + 1);
	set(0, PAGES, 7);
	compare(objects);
	set(0, PAGES, 0);
	compare(objects);
	expect(hosted_slab_objects(), objects);
	core_stop();
}
CASE(piecewise)

static void case_random_spans(void *unused)
{
	unsigned long objects, from, to;
	u32 random = 1;
	int i;

	begin();
	objects = hosted_slab_objects();
	for (i = 0; i < 3000; i++) {
		random = random * 1664525 + 1013904223;
		from = (random >> 8) % PAGES;
		to = from + 1 + (random >> 16) % (PAGES - from);
		set(from, to, (random >> 28) % 3);
		compare(objects);
	}
	xmmu_attr_destroy(&attr);
	expect(hosted_slab_objects(), objects);
	memset(model, 0, sizeof(model));
	expect(pieces(), 0);
	core_stop();
}
CASE(random_spans)

/* The ends of all addresses. */
static void case_ends(void *unused)
{
	unsigned long end, top = -PAGE_SIZE;

	begin();
	expect(xmmu_attr_set(&attr, 0, top, 3), 0);
	expect(xmmu_attr_get(&attr, 0, &end), 3);
	expect(end, top);
	expect(xmmu_attr_get(&attr, top, &end), 0);
	expect(end, ULONG_MAX);
	expect(xmmu_attr_set(&attr, 0, PAGE_SIZE, 4), 0);
	expect(xmmu_attr_get(&attr, PAGE_SIZE, NULL), 3);
	xmmu_attr_destroy(&attr);
	core_stop();
}
CASE(ends)

static void case_refused(void *unused)
{
	begin();
	expect(xmmu_attr_set(&attr, at(1), at(1), 1), -EINVAL);
	expect(xmmu_attr_set(&attr, at(2), at(1), 1), -EINVAL);
	expect(xmmu_attr_set(&attr, at(1) + 1, at(2), 1), -EINVAL);
	expect(xmmu_attr_set(&attr, at(1), at(2) - 1, 1), -EINVAL);
	set(1, 5, 1);
	hosted_slab_fail(1);
	expect(xmmu_attr_set(&attr, at(2), at(3), 2), -ENOMEM);
	hosted_slab_fail(2);
	expect(xmmu_attr_set(&attr, at(2), at(3), 2), -ENOMEM);
	expect(pieces(), 1);
	xmmu_attr_destroy(&attr);
	core_stop();
}
CASE(refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(piecewise),
		cmocka_unit_test(random_spans),
		cmocka_unit_test(ends),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("core_attr", tests, NULL, NULL);
}
