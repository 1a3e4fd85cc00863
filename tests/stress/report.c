// SPDX-License-Identifier: GPL-2.0-only
/* The report, as TAP: a line for each operation, then what must hold of the whole run. */
#include <stdio.h>
#include <string.h>

#include "stress.h"

static int number, failures;

static bool result(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, name);
	failures += !good;
	return good;
}

static void result_of(const struct op *op)
{
	if (op->absent) {
		printf("ok %d - %s # SKIP %s\n", ++number, op->name, op->absent);
		return;
	}
	result(op->done > 0, op->name);
	printf("# %-22s done %7ld", op->name, op->done);
	if (op->failed)
		printf(", failed %ld: the last time %s", op->failed, strerror(op->error));
	putchar('\n');
}

static struct table *const tables[] = {
	&device_table, &cpu_table,  &map_table,    &hot_table,  &advice_table, &file_table,
	&uffd_table,   &fork_table, &system_table, &life_table, &limit_table,  &gpu_table,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))
/* What is found out of the whole run. */
#define NR_FACTS 10

static void show_plan(void)
{
	int tests = NR_FACTS;
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		tests += tables[i]->nr;
	printf("1..%d\n", tests);
}

static void show_operations(void)
{
	size_t i;
	int j;

	for (i = 0; i < NR_TABLES; i++) {
		for (j = 0; j < tables[i]->nr; j++)
			result_of(&tables[i]->ops[j]);
	}
}

/* enum mmu_notifier_event */
static const char *const events[XT_EVENTS] = { "UNMAP",           "CLEAR",      "PROTECTION_VMA",
					       "PROTECTION_PAGE", "SOFT_DIRTY", "RELEASE",
					       "MIGRATE",         "EXCLUSIVE",  "other" };

static void show_events(const struct xt_totals *totals)
{
	int i;

	printf("# invalidations of ranges        may block    must not\n");
	for (i = 0; i < XT_EVENTS; i++)
		printf("#   %-24s %12llu %11llu\n", events[i],
		       (unsigned long long)totals->reported[i][1],
		       (unsigned long long)totals->reported[i][0]);
}

static void show_number(const char *name, unsigned long long value)
{
	printf("# %-32s %llu\n", name, value);
}

static void show_stale(const char *who, const struct xt_stale *first)
{
	printf("# %s, after %.1f s: word %u of page %u is %llx;\n"
	       "# generation %u, dead up to %u, fresh %x\n",
	       who, (first->ns / 1000000 - start_ms) / 1000.0, first->word, first->page,
	       (unsigned long long)first->value, first->gen, first->dead, first->fresh);
}

static void show_totals(const struct xt_totals *totals)
{
	const struct xt_core_stats *core = &totals->core;

	show_events(totals);
	show_number("words checked by the device", totals->checked);
	show_number("words checked by the processor", cpu_checked);
	show_number("words checked by the gpu", gpu_checked);
	show_number("stale accesses", totals->stale);
	show_number("stale accesses of the gpu", gpu_stale);
	show_number("wrong words of the gpu", gpu_wrong);
	show_number("retries", core->retries);
	show_number("walks that waited, cold", core->cold_waits);
	show_number("walks out of time", core->timeouts);
	show_number("invalidations refused", core->refused);
	show_number("invalidations that waited", core->waits);
	show_number("waited for somebody else's", core->waits_shared);
	show_number("longest invalidation, us", core->invalidate_ns_max / 1000);
	show_number("longest wait, us", core->wait_ns_max / 1000);
}

int report(void)
{
	struct xt_totals totals = device_totals();

	show_plan();
	show_operations();
	show_totals(&totals);
	if (!result(!totals.stale, "no_stale_access"))
		show_stale("the device", &totals.first);
	if (!result(!cpu_wrong, "no_wrong_word_in_memory"))
		show_stale("the processor", &cpu_first);
	result(!gpu_stale, "no_stale_access_of_the_gpu");
	result(!gpu_wrong, "no_wrong_word_by_the_gpu");
	result(totals.checked > MIN_CHECKED && cpu_checked > MIN_CHECKED &&
		       gpu_checked > MIN_GPU_CHECKED,
	       "enough_words_checked");
	result(!device_left, "nothing_is_left_when_all_is_unmapped");
	result(!device_faults, "no_free_page_no_late_callback_no_bad_leaf");
	result(!totals.core.isolated, "the_device_was_never_cut_off");
	result(totals.core.waits_shared > 0, "some_waited_for_somebody_elses_flush");
	result(totals.core.retries > 0, "some_walks_were_repeated");
	return failures ? 1 : 0;
}
