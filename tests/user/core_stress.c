// SPDX-License-Identifier: GPL-2.0-only
/*
 * Populate against everything else that a process does to its memory, from several threads at once.
 *
 * Each page of the arena carries the number that belongs to its place, or 0 if it is new: in word
 * 0 from the processor, in word 1 from the device, in word 7 its address from the device's agent,
 * which uses the TLB without any lock until a flush is confirmed. A page that the device still
 * uses after the kernel has given it away shows a number that is not its own, or has no owner when
 * the agent looks (xt_stats.stale).
 */
#include <sys/wait.h>

#include "t.h"

#define PAGES     64 /* of each of the two halves */
#define SPAN      8
#define STAMP     1000000
#define MIN_COUNT 40

struct arena {
	int fd;
	int id;
	char *memory;
	bool stop;
	_Atomic long walks, fails, timeouts, denied, changes, wrong;
};

static bool running(struct arena *arena)
{
	return !__atomic_load_n(&arena->stop, __ATOMIC_RELAXED);
}

static char *pick(struct arena *arena, unsigned int *seed, size_t *page)
{
	*page = rand_r(seed) % (PAGES - SPAN);
	return arena->memory + *page * PAGE;
}

/* ---- the device */

static void use(struct arena *arena, char *start, size_t page, unsigned int op)
{
	struct xt_access access = { .id = arena->id,
				    .start = (uintptr_t)start,
				    .end = (uintptr_t)start + SPAN * PAGE,
				    .base = STAMP + page,
				    .op = op,
				    .word = op == XT_STORE,
				    .tlb = 1 };

	access = xt_access(arena->fd, access);
	arena->wrong += access.wrong;
}

static long device(void *arg)
{
	struct arena *arena = arg;
	unsigned int seed = (uintptr_t)&seed, flags;
	size_t page;
	char *start;
	int ret;

	while (running(arena)) {
		start = pick(arena, &seed, &page);
		flags = rand_r(&seed) % 3 ? XT_WRITE : 0;
		ret = xt_populate(arena->fd, arena->id, start, SPAN, flags);
		if (ret && ret != -EFAULT && ret != -EPERM && ret != -ETIMEDOUT)
			return ret;
		arena->walks += !ret;
		arena->fails += ret == -EFAULT || ret == -EPERM;
		arena->timeouts += ret == -ETIMEDOUT;
		use(arena, start, page, flags ? XT_STORE : XT_READ);
		usleep(rand_r(&seed) % 500);
	}
	return 0;
}

/* ---- the process */

/* Page by page: another thread may have unmapped or protected it, which ends in a signal. */
static __thread sigjmp_buf no_access;

static void caught(int number)
{
	(void)number;
	siglongjmp(no_access, 1);
}

/* Look at a page of the arena, and write its number. */
static void visit(struct arena *arena, size_t page)
{
	volatile uint64_t *words = (volatile uint64_t *)(arena->memory + page * PAGE);
	uint64_t stamp = STAMP + page, seen[3];

	if (sigsetjmp(no_access, 1)) {
		arena->denied++;
		return;
	}
	seen[0] = words[0];
	seen[1] = words[1];
	seen[2] = words[7];
	arena->wrong += (seen[0] && seen[0] != stamp) + (seen[1] && seen[1] != stamp);
	arena->wrong += seen[2] && seen[2] != (uintptr_t)words &&
			seen[2] != (uintptr_t)words + PAGES * PAGE;
	words[0] = stamp;
}

static long visitor(void *arg)
{
	struct arena *arena = arg;
	unsigned int seed = (uintptr_t)&seed;

	while (running(arena)) {
		visit(arena, rand_r(&seed) % PAGES);
		usleep(rand_r(&seed) % 100);
	}
	return 0;
}

static int exit_after_writing(struct arena *arena)
{
	size_t i;

	for (i = 0; i < PAGES; i += 7) {
		if (!sigsetjmp(no_access, 1))
			arena->memory[i * PAGE + 64] = 1;
	}
	return 0;
}

/* Page by page, because a span may have become several mappings. */
static bool move(char *from, char *to)
{
	size_t at;

	for (at = 0; at < SPAN * PAGE; at += PAGE) {
		if (mremap(from + at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + at) ==
		    MAP_FAILED)
			return true;
	}
	return false;
}

static int change(struct arena *arena, unsigned int *seed)
{
	const int all = PROT_READ | PROT_WRITE;
	size_t page, size = SPAN * PAGE;
	char *start = pick(arena, seed, &page), *away = start + PAGES * PAGE;
	pid_t pid;

	switch (rand_r(seed) % 6) {
	case 0:
		munmap(start, size);
		return mmap(start, size, all,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			    0) == MAP_FAILED;
	case 1:
		return mprotect(start, size, PROT_READ) || mprotect(start, size, all);
	case 2:
	case 3:
		return madvise(start, size, MADV_DONTNEED);
	case 4: /* There and back again; what lies between is unmapped for a moment. */
		return move(start, away) || move(away, start);
	default:
		pid = fork();
		if (!pid)
			_exit(exit_after_writing(arena));
		return pid < 0 || waitpid(pid, NULL, 0) != pid;
	}
}

static long changer(void *arg)
{
	struct arena *arena = arg;
	unsigned int seed = (uintptr_t)&seed;

	while (running(arena)) {
		if (change(arena, &seed))
			return -errno;
		arena->changes++;
		usleep(rand_r(&seed) % 500);
	}
	return 0;
}

/* ---- all together */

static void everything_at_once(unsigned int policy, unsigned int mode, unsigned int dma)
{
	static long (*const works[])(void *) = { device, device, visitor, changer };
	struct t_thread threads[4];
	struct arena arena = { .fd = xt_open(), .memory = t_map(2 * PAGES) };
	struct xt_attach attach = { .policy = policy, .dma = dma };
	struct sigaction action = { .sa_handler = caught };
	struct xt_stats stats;
	long end, limit;
	int i;

	/* Not earlier: cmocka has a handler of its own. */
	assert_return_code(sigaction(SIGSEGV, &action, NULL), errno);
	assert_int_equal(xt_attach_as(arena.fd, &attach), 0);
	arena.id = xt_insert(arena.fd, arena.memory, 2 * PAGES);
	xt_set(arena.fd, XT_FLUSH_MODE, mode);
	xt_set(arena.fd, XT_FLUSH_MS, 1);
	xt_set(arena.fd, XT_AGENT, 50);
	for (i = 0; i < 4; i++)
		t_start(&threads[i], works[i], &arena);
	end = t_ms() + 3000;
	limit = end + 10000;
	while (t_ms() < end ||
	       (t_ms() < limit && (arena.walks < MIN_COUNT || arena.changes < MIN_COUNT)))
		t_sleep(20);
	__atomic_store_n(&arena.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		assert_int_equal(t_join(&threads[i]), 0);
	xt_set(arena.fd, XT_AGENT, 0);
	stats = xt_stats(arena.fd);
	print_message("%ld walks, %ld failed, %ld late, %ld changes; %llu retries, %llu cold, "
		      "%llu zaps, %llu agent\n",
		      arena.walks, arena.fails, arena.timeouts, arena.changes, stats.core.retries,
		      stats.core.cold_waits, stats.core.zaps, stats.accesses);
	assert_int_equal(arena.wrong, 0);
	assert_int_equal(arena.timeouts, 0);
	assert_true(arena.walks >= MIN_COUNT);
	assert_true(arena.changes >= MIN_COUNT);
	assert_true(stats.core.zaps >= MIN_COUNT);
	assert_true(stats.accesses >= MIN_COUNT);
	assert_int_equal(stats.isolates, 0);
	assert_int_equal(stats.pending, 0);
	t_unmap(arena.memory, 2 * PAGES);
	assert_int_equal(xt_query(arena.fd, arena.id, arena.memory, 2 * PAGES).present, 0);
	xt_stop(arena.fd);
}

static void refuse_with_flushes_confirmed_in_interrupts(void **state)
{
	(void)state;
	everything_at_once(XT_REFUSE, XT_FLUSH_IRQ, XT_DMA_NONE);
}

static void trylock_with_slow_flushes_and_dma(void **state)
{
	(void)state;
	everything_at_once(XT_TRYLOCK, XT_FLUSH_DELAY, XT_DMA_LEAF);
}

static void atomic_with_immediate_flushes(void **state)
{
	(void)state;
	everything_at_once(XT_ATOMIC, XT_FLUSH_NOW, XT_DMA_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuse_with_flushes_confirmed_in_interrupts),
		cmocka_unit_test(trylock_with_slow_flushes_and_dma),
		cmocka_unit_test(atomic_with_immediate_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
