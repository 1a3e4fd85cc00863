// SPDX-License-Identifier: GPL-2.0-only
/* On-demand paging: parents, whose children are made when they are used, and collected. */
#include "odp.h"

#define CHILD (2UL << 20) /* at(0) is the beginning of one */

static struct xmmu_odp_parent parent;
static unsigned int allocs, links, unlinks;
static unsigned long unlinked; /* where the last one was */
static bool slow;              /* it takes time to make one */

static struct xmmu_odp *child_alloc(struct xmmu_odp_parent *of)
{
	struct xmmu_odp *child = kzalloc(sizeof(*child), GFP_KERNEL);

	check(of == &parent);
	if (slow)
		msleep(50);
	allocs += !!child;
	return child;
}

static void child_link(struct xmmu_odp *child)
{
	links++;
}

static void child_unlink(struct xmmu_odp *child)
{
	check(++unlinks <= links);
	unlinked = xmmu_range_start(&child->range);
}

static const struct xmmu_odp_parent_ops parent_ops = {
	.alloc = child_alloc,
	.link = child_link,
	.unlink = child_unlink,
};

static const struct xmmu_odp_parent_config parent_config = {
	.ops = &parent_ops,
	.access = ALL,
	.size = CHILD,
	.children = 3,
};

static void start(unsigned long pages)
{
	odp_start(pages, HOSTED_DMA_IOMMU);
	allocs = links = unlinks = 0;
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &parent_config), 0);
}

static void stop(void)
{
	xmmu_odp_parent_destroy(&parent);
	expect(core.freed, allocs);
	core_stop();
}

static int fault(unsigned long page, unsigned long pages, unsigned int access)
{
	return xmmu_odp_parent_fault(&parent, at(page), at(page + pages), access, NULL);
}

static struct xmmu_odp *find(unsigned long page)
{
	struct xmmu_odp *child = xmmu_odp_parent_find(&parent, at(page));

	check(!IS_ERR(child));
	return child;
}

static void put(struct xmmu_odp *child)
{
	xmmu_range_put(&child->range);
}

static void case_config(void *unused)
{
	struct xmmu_odp_parent_config config = parent_config;
	struct xmmu_odp_parent_ops ops = {};
	struct xmmu_odp *child;

	start(1);
	config.size = CHILD / 2;
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &config), -EINVAL);
	config.size = 3 * CHILD;
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &config), -EINVAL);
	config.size = CHILD;
	config.ops = NULL;
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &config), -EINVAL);
	config.ops = &ops;
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &config), -EINVAL);
	config = (struct xmmu_odp_parent_config){ .ops = &parent_ops };
	expect(xmmu_odp_parent_init(&parent, &core.mirror, &config), 0);
	expect(fault(0, 1, 0), 0);
	expect(fault(0, 1, XMMU_ODP_REMOTE_READ), -EACCES);
	child = find(0);
	expect(xmmu_range_end(&child->range) - at(0), XMMU_ODP_CHILD_SIZE);
	put(child);
	stop();
}
CASE(config)

/* One child for each place of the grid, to the end of all addresses. */
static void case_grid(void *unused)
{
	struct xmmu_odp *child, *other;

	start(1024);
	child = find(511);
	expect(xmmu_range_start(&child->range), at(0));
	expect(xmmu_range_end(&child->range), at(512));
	other = find(0);
	check(other == child);
	put(other);
	other = find(512);
	check(other != child);
	put(other);
	put(child);
	expect(allocs, 2);
	expect(links, 2);
	child = xmmu_odp_parent_find(&parent, HOSTED_TASK_SIZE - 1);
	expect(xmmu_range_end(&child->range), HOSTED_TASK_SIZE);
	put(child);
	check(xmmu_odp_parent_find(&parent, HOSTED_TASK_SIZE) == ERR_PTR(-EINVAL));
	stop();
	expect(unlinks, links);
}
CASE(grid)

static void case_faults(void *unused)
{
	struct xmmu_odp *child;

	start(1024);
	expect(hosted_munmap(mm, at(600), LEN(1)), 0);
	expect(fault(500, 100, XMMU_ODP_REMOTE_WRITE), 0);
	expect(allocs, 2);
	child = find(500);
	expect(child->pages, 12);
	expect(perm_at(child, 511), WRITES);
	put(child);
	child = find(512);
	expect(child->pages, 88);
	put(child);
	expect(fault(599, 2, 0), -EFAULT);
	expect(fault(3, 0, 0), -EINVAL);
	expect(xmmu_odp_parent_fault(&parent, at(0) + 8, at(1), 0, NULL), -EINVAL);
	stop();
}
CASE(faults)

/* A child whose last page goes is collected; one that somebody holds is not. */
static void case_collect(void *unused)
{
	struct xmmu_odp *child;

	start(4);
	expect(hosted_mmap(mm, at(512), LEN(1), RW, 0, NULL, 0), 0);
	expect(fault(0, 4, 0), 0);
	expect(hosted_munmap(mm, at(0), LEN(3)), 0);
	msleep(10);
	expect(unlinks, 0);
	child = find(3);
	expect(hosted_munmap(mm, at(3), LEN(1)), 0);
	msleep(10);
	expect(unlinks, 0);
	put(child);
	/* Another event looks at all of them. */
	expect(fault(512, 1, 0), 0);
	expect(hosted_madvise(mm, at(512), LEN(1), HOSTED_DONTNEED), 0);
	msleep(10);
	expect(unlinks, 2);
	expect(core.freed, 2);
	expect(fault(512, 1, 0), 0);
	expect(allocs, 3);
	stop();
}
CASE(collect)

/* Three children at most: the one that was not used goes. */
static void case_limit(void *unused)
{
	struct xmmu_odp *held;
	unsigned long i;

	start(1);
	for (i = 0; i < 3; i++)
		put(find(i * 512));
	put(find(3 * 512)); /* all were used: the hand goes round */
	expect(unlinks, 1);
	put(find(2 * 512));
	put(find(4 * 512));
	expect(unlinks, 2);
	/* Those that were used just now are there. */
	put(find(2 * 512));
	put(find(4 * 512));
	expect(allocs, 5);
	/* To be held does not help: it has to be found again. */
	held = find(4 * 512);
	for (i = 5; i < 9; i++)
		put(find(i * 512));
	expect(xmmu_odp_fault(held, at(4 * 512), at(4 * 512 + 1), 0, NULL), -ESRCH);
	expect(core.freed, allocs - 4);
	put(held);
	expect(core.freed, allocs - 3);
	stop();
}
CASE(limit)

/* A child is removed by somebody else: it is found no more, and the next takes its place. */
static void case_replaced(void *unused)
{
	struct xmmu_odp *child, *other;

	start(1);
	child = find(0);
	xmmu_range_remove(&child->range);
	expect(fault(0, 1, 0), 0);
	expect(unlinks, 1);
	other = find(0);
	check(other != child);
	put(other);
	put(child);
	stop();
}
CASE(replaced)

static void case_detached(void *unused)
{
	start(1);
	expect(fault(0, 1, 0), 0);
	xmmu_mirror_detach(&core.mirror);
	expect(fault(0, 1, 0), -ESRCH);
	expect(fault(512, 1, 0), -ESRCH);
	expect(allocs, 1);
	stop();
}
CASE(detached)

static void case_process_gone(void *unused)
{
	start(1);
	expect(fault(0, 1, 0), 0);
	hosted_exit();
	expect(fault(0, 1, 0), -ESRCH);
	expect(fault(512, 1, 0), -ESRCH);
	stop();
}
CASE(process_gone)

/* Whatever fails, nothing is left of a child that was not made. */
static void case_no_memory(void *unused)
{
	unsigned int n;
	int err = -ENOMEM;

	start(1);
	for (n = 1; err; n++) {
		hosted_slab_fail(n);
		err = fault(0, 1, 0);
		hosted_slab_fail(0);
		expect(err && err != -ENOMEM, 0);
		check(allocs - core.freed <= 2);
	}
	check(n > 5);
	expect(links, unlinks + 1);
	stop();
}
CASE(no_memory)

static struct xmmu_odp *found;

static void beside_make(void *unused)
{
	put(find(512));
}

static void beside_find(void *unused)
{
	found = xmmu_odp_parent_find(&parent, at(0));
}

/* Who waits for another child to be made can be killed. */
static void case_killed(void *unused)
{
	struct task_struct *maker, *killed;

	start(1);
	slow = true;
	maker = core_beside(beside_make);
	msleep(1);
	killed = core_beside(beside_find);
	msleep(1);
	send_sig(SIGKILL, killed, 0);
	hosted_join(killed);
	check(found == ERR_PTR(-EINTR));
	expect(allocs, 0);
	slow = false;
	hosted_join(maker);
	expect(allocs, 1);
	put(find(0));
	stop();
}
CASE(killed)

static bool destroyed;

static void beside_destroy(void *unused)
{
	xmmu_odp_parent_destroy(&parent);
	destroyed = true;
}

/* It waits for who holds a child, and nobody makes another meanwhile. */
static void case_destroy_waits(void *unused)
{
	struct task_struct *task;
	struct xmmu_odp *child;

	start(1);
	expect(fault(0, 1, 0), 0);
	child = find(0);
	task = core_beside(beside_destroy);
	msleep(10);
	check(!destroyed);
	expect(child->pages, 0);
	check(xmmu_odp_parent_find(&parent, at(0)) == ERR_PTR(-ESRCH));
	put(child);
	hosted_join(task);
	check(destroyed);
	expect(core.freed, 1);
	core_stop();
}
CASE(destroy_waits)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config),        cmocka_unit_test(grid),
		cmocka_unit_test(faults),        cmocka_unit_test(collect),
		cmocka_unit_test(limit),         cmocka_unit_test(replaced),
		cmocka_unit_test(detached),      cmocka_unit_test(process_gone),
		cmocka_unit_test(no_memory),     cmocka_unit_test(killed),
		cmocka_unit_test(destroy_waits),
	};

	return cmocka_run_group_tests_name("core_odp_parent", tests, NULL, NULL);
}
