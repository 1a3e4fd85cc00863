// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: core_plant FAULT: make the test driver do what no driver may, so that a check of the debug
 * build, or one of a debug kernel, reports it. The suite says which report must come. Where the
 * kernel was built without the check the fault is not made. Loads the module itself: many a report
 * comes once for each load.
 */
#include <fcntl.h>

#include "t.h"

#define PAGES  4
#define POISON 0x5a5a5a5a5a5a5a5aULL

/* A context with pages that are populated for writing. */
struct scene {
	int fd;
	int id;
	char *memory;
};

static struct scene scene_of(const struct xt_attach *attach)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };

	assert_int_equal(xt_attach_as(scene.fd, attach), 0);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_true(scene.id > 0);
	return scene;
}

static struct scene populated(const struct xt_attach *attach)
{
	struct scene scene = scene_of(attach);

	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	xt_stop(scene->fd);
	t_unmap(scene->memory, PAGES);
}

static void plant(struct scene *scene, unsigned int fault)
{
	assert_int_equal(xt_set(scene->fd, XT_PLANT, fault), 0);
}

static void discard(struct scene *scene, size_t pages)
{
	assert_return_code(madvise(scene->memory, pages * PAGE, MADV_DONTNEED), errno);
}

/* ---- translations that are left behind */

static void keep_in_event(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	plant(&scene, XT_PLANT_KEEP);
	discard(&scene, 2);
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, 2).present, 1);
	scene_end(&scene);
}

static void keep_in_atomic_event(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_ATOMIC });

	(void)state;
	plant(&scene, XT_PLANT_KEEP);
	discard(&scene, 2);
	scene_end(&scene);
}

static void keep_in_zap(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_TRYLOCK });

	(void)state;
	plant(&scene, XT_PLANT_KEEP);
	assert_int_equal(xt_zap(scene.fd, scene.id, scene.memory, 2), 0);
	scene_end(&scene);
}

static void keep_in_removal(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	plant(&scene, XT_PLANT_KEEP);
	assert_int_equal(xt_remove(scene.fd, scene.id), 0);
	scene_end(&scene);
}

static void keep_in_detach(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	plant(&scene, XT_PLANT_KEEP);
	scene_end(&scene);
}

/* The page table is empty, the TLB is not. */
static void early_confirm(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });
	struct xt_access use = { .start = (uintptr_t)scene.memory,
				 .end = (uintptr_t)scene.memory + PAGE,
				 .id = scene.id,
				 .op = XT_STORE,
				 .tlb = 1 };

	(void)state;
	assert_int_equal(xt_access(scene.fd, use).done, 1);
	plant(&scene, XT_PLANT_EARLY_CONFIRM);
	discard(&scene, 2);
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, 2).present, 0);
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, 2).tlb, 1);
	scene_end(&scene);
}

static void gather(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	plant(&scene, XT_PLANT_GATHER);
	discard(&scene, 2);
	scene_end(&scene);
}

/* ---- walks */

/* What was in the window is gone when it is committed, also for who does not ask the SDK. */
static void late_leaf(void **state)
{
	struct scene scene = scene_of(&(struct xt_attach){ .policy = XT_REFUSE });
	struct xt_walk walk = { .id = scene.id,
				.start = (uintptr_t)scene.memory,
				.end = (uintptr_t)scene.memory + PAGE,
				.mode = XT_LATE_LEAF };

	(void)state;
	assert_int_equal(xt_walk(scene.fd, &walk), 0);
	assert_int_equal(walk.leaves, 0);
	assert_true(walk.late_pfn == POISON);
	scene_end(&scene);
}

static void in_populate(unsigned int fault)
{
	struct scene scene = scene_of(&(struct xt_attach){ .policy = XT_REFUSE });

	plant(&scene, fault);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, 1, XT_WRITE), 0);
	scene_end(&scene);
}

static void unlocked(void **state)
{
	(void)state;
	in_populate(XT_PLANT_UNLOCKED);
}

static void reclaim(void **state)
{
	(void)state;
	in_populate(XT_PLANT_RECLAIM);
}

static void mmap_lock(void **state)
{
	(void)state;
	in_populate(XT_PLANT_MMAP_LOCK);
}

/* ---- zap */

static void sleep_in_zap(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_TRYLOCK });

	(void)state;
	plant(&scene, XT_PLANT_SLEEP);
	xt_inject("nonblock", 1);
	discard(&scene, 2);
	xt_inject("nonblock", 0);
	scene_end(&scene);
}

static void use_after_free(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	plant(&scene, XT_PLANT_USE_AFTER_FREE);
	discard(&scene, 2);
	scene_end(&scene);
}

/* ---- transfers */

struct transfer {
	int fd;
	struct xt_xfer xfer;
};

static long begin(void *arg)
{
	struct transfer *transfer = arg;

	return xt_call(transfer->fd, XT_IOC_XFER_BEGIN, &transfer->xfer);
}

static long detach(void *arg)
{
	return xt_detach(((struct transfer *)arg)->fd);
}

/* Begun without the lock, so that nothing keeps it from coming after the detach has zapped all. */
static void late_transfer(void **state)
{
	struct scene scene = scene_of(&(struct xt_attach){ .dma = XT_DMA_XFER });
	struct transfer transfer = {
		.fd = scene.fd,
		.xfer = { .addr = (uintptr_t)scene.memory, .len = 8, .id = scene.id }
	};
	struct t_thread beginning, detaching;

	(void)state;
	xt_set(scene.fd, XT_HOLD_AT, XT_AT_XFER);
	t_start(&beginning, begin, &transfer);
	assert_true(t_until(5000, xt_stats(scene.fd).held == XT_AT_XFER));
	t_start(&detaching, detach, &transfer);
	assert_true(t_until(5000, !xt_stats(scene.fd).alive));
	assert_false(t_done(&detaching, 200));
	xt_set(scene.fd, XT_GO, 0);
	assert_int_equal(t_join(&beginning), 0);
	assert_int_equal(t_join(&detaching), 0);
	scene_end(&scene);
}

static void unmap_twice(void **state)
{
	struct scene scene = scene_of(&(struct xt_attach){ .dma = XT_DMA_XFER });
	struct xt_xfer xfer = { .addr = (uintptr_t)scene.memory, .len = 8, .id = scene.id };

	(void)state;
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	plant(&scene, XT_PLANT_UNMAP_TWICE);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), 0);
	scene_end(&scene);
}

/* ---- references */

/* The debug build counts what is left when the module goes. */
static void lost_range(void **state)
{
	struct scene scene = populated(&(struct xt_attach){ .policy = XT_REFUSE });

	(void)state;
	assert_int_equal(xt_set(scene.fd, XT_LEAK_RANGE, scene.id), 0);
	assert_int_equal(xt_remove(scene.fd, scene.id), 0);
	assert_int_equal(xt_stats(scene.fd).range_frees, 0);
	scene_end(&scene);
}

/* The kernel calls a mirror no more when its process has exited; or it would when the code is gone. */
static int exit_attached(void *arg)
{
	int fd = open(XT_DEVICE, O_RDWR | O_CLOEXEC);

	(void)arg;
	return xt_attach(fd, XT_REFUSE) || xt_set(fd, XT_PLANT, XT_PLANT_STAY_ATTACHED) ? 1 : 0;
}

static void lost_mirror(void **state)
{
	(void)state;
	assert_int_equal(t_wait(t_fork(exit_attached, NULL), 5000), 0);
}

/*
 * What is lost, and is older than some seconds, is found unless a stale copy of its address hides
 * it. Allocators of kernels 7 keep such copies of some dozens of their last allocations.
 */
static void lost_memory(void **state)
{
	int i, fd = xt_open();

	(void)state;
	for (i = 0; i < 200; i++)
		assert_int_equal(xt_set(fd, XT_LEAK_MEMORY, 1000), 0);
	close(fd);
	t_sleep(5500);
	assert_true(t_until(10000, t_kmemleak_finds("[xmmu_test]")));
}

/* ---- without a lock */

static long count(void *fd)
{
	return xt_set(*(int *)fd, XT_RACE, 500);
}

static void race(void **state)
{
	struct t_thread other;
	int fd = xt_open();

	(void)state;
	t_start(&other, count, &fd);
	assert_int_equal(count(&fd), 0);
	assert_int_equal(t_join(&other), 0);
	close(fd);
}

static const struct fault {
	const char *name;
	void (*make)(void **state);
	const char *needs; /* what the kernel must be built with, or have a file of */
} faults[] = {
	{ "keep_in_event", keep_in_event, NULL },
	{ "keep_in_atomic_event", keep_in_atomic_event, NULL },
	{ "keep_in_zap", keep_in_zap, NULL },
	{ "keep_in_removal", keep_in_removal, NULL },
	{ "keep_in_detach", keep_in_detach, NULL },
	{ "early_confirm", early_confirm, NULL },
	{ "gather", gather, NULL },
	{ "late_leaf", late_leaf, NULL },
	{ "late_transfer", late_transfer, NULL },
	{ "lost_range", lost_range, NULL },
	{ "lost_mirror", lost_mirror, NULL },
	{ "unlocked", unlocked, "CONFIG_PROVE_LOCKING" },
	{ "reclaim", reclaim, "CONFIG_PROVE_LOCKING" },
	{ "mmap_lock", mmap_lock, "CONFIG_PROVE_LOCKING" },
	{ "sleep", sleep_in_zap, "CONFIG_DEBUG_ATOMIC_SLEEP" },
	{ "use_after_free", use_after_free, "CONFIG_KASAN" },
	{ "lost_memory", lost_memory, "CONFIG_DEBUG_KMEMLEAK" },
	{ "unmap_twice", unmap_twice, "CONFIG_DMA_API_DEBUG" },
	{ "race", race, "/sys/kernel/debug/kcsan" },
};

static const struct fault *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!strcmp(faults[i].name, name))
			return &faults[i];
	return NULL;
}

static bool kernel_has(const char *what)
{
	return *what == '/' ? !access(what, F_OK) : xt_feature(what) == 1;
}

static int run(const struct fault *fault)
{
	const struct CMUnitTest tests[] = { { .name = "made", .test_func = fault->make } };

	if (fault->needs && !kernel_has(fault->needs)) {
		printf("1..0 # SKIP this kernel has no %s\n", fault->needs);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	const struct fault *fault = argc == 2 ? find(argv[1]) : NULL;
	int ret;

	if (!fault) {
		fprintf(stderr, "core_plant: one fault, please; see the table in core_plant.c\n");
		return 2;
	}
	ret = xt_load("debug");
	if (ret) {
		fprintf(stderr, "core_plant: xmmu_test does not load: %s\n", strerror(-ret));
		return 1;
	}
	ret = run(fault);
	return xt_unload() ? 1 : ret;
}
