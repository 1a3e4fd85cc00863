// SPDX-License-Identifier: GPL-2.0-only
/* Aging: what the driver is asked, what becomes of its answer, and when it is asked no more. */
#include "core.h"

#include "../../sdk/hosted/mm/internal.h"

static unsigned int asked;
static unsigned long first, last, longest;
static enum xmmu_aging how;
static bool answer;

static bool young(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		  enum xmmu_aging what)
{
	check(mirror == &core.mirror && start < end);
	check(!(start % PAGE_SIZE) && !(end % PAGE_SIZE));
	first = asked++ ? min(first, start) : start;
	last = end;
	longest = max(longest, end - start);
	how = what;
	return answer;
}

static void start(enum xmmu_policy policy)
{
	core_start(4, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	core.ops.young = young;
	core_attach();
	/* The processor has not used it since. */
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_clear_young(mm, at(0)), 1);
	asked = 0;
}

static void expect_asked(enum xmmu_aging what)
{
	expect(asked, 1);
	expect(how, what);
	expect(first, at(0));
	expect(last, at(1));
	asked = 0;
}

/* Each of the kernel's three questions, and both answers; reclaim keeps what is in use. */
static void case_questions(void *unused)
{
	start(XMMU_TRYLOCK);
	for (answer = true;; answer = false) {
		expect(hosted_test_young(mm, at(0)), answer);
		expect_asked(XMMU_AGING_TEST);
		expect(hosted_clear_young(mm, at(0)), answer);
		expect_asked(XMMU_AGING_CLEAR);
		expect(hosted_reclaim(mm, at(0)), answer ? -EAGAIN : 0);
		expect_asked(XMMU_AGING_CLEAR_FLUSH);
		if (!answer)
			break;
	}
	core_stop();
}
CASE(questions)

/* However much the kernel asks for: page by page, a window at a time. */
static void case_windows(void *unused)
{
	unsigned long size = 2 * XMMU_WINDOW + PAGE_SIZE;

	start(XMMU_TRYLOCK);
	hosted_notify_clear_young(mm, at(0) + 8, at(0) + size + 8);
	check(asked >= 3);
	expect(first, at(0));
	expect(last, at(0) + size);
	expect(longest, XMMU_WINDOW);
	core_stop();
}
CASE(windows)

/* Who has detached is asked no more, and who never answers costs nothing. */
static void case_detached(void *unused)
{
	start(XMMU_ATOMIC);
	xmmu_mirror_detach(&core.mirror);
	expect(hosted_test_young(mm, at(0)), 0);
	expect(asked, 0);
	core.ops.young = NULL;
	core_attach();
	check(hlist_empty(&mm->notifier_subscriptions->list));
	core_stop();
}
CASE(detached)

static void beside_attach(void *unused)
{
	expect(xmmu_mirror_attach(&core.mirror, &core.config), -EINTR);
	check(!xmmu_mirror_alive(&core.mirror));
}

/* Of two notifiers the second can not be registered. */
static void case_registration_fails(void *unused)
{
	start(XMMU_TRYLOCK);
	xmmu_mirror_detach(&core.mirror);
	/* The first waits for no lock that a signal could end the wait for. */
	send_sig(SIGTERM, core_beside(beside_attach), 0);
	msleep(10);
	check(!mm->notifier_subscriptions->itree.rb_root.rb_node);
	core_attach();
	core_stop();
}
CASE(registration_fails)

static void case_exits(void *unused)
{
	start(XMMU_TRYLOCK);
	hosted_exit();
	asked = 0;
	xmmu_mirror_detach(&core.mirror);
	expect(asked, 0);
	core_stop();
}
CASE(exits)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions), cmocka_unit_test(windows),
		cmocka_unit_test(detached),  cmocka_unit_test(registration_fails),
		cmocka_unit_test(exits),
	};

	return cmocka_run_group_tests_name("core_aging", tests, NULL, NULL);
}
