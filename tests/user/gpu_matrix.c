// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-gpu0 on every kind of memory, and everything that a program may do to it between the
 * work of the device and its own look: a test for each kind and event, in several ways. All words
 * are checked. docs/samples/gpu-cases.rst has the table.
 */
#include <sys/wait.h>

#include "gpu.h"
#include "number.h"

#define SIZE   (16 * PAGE)
#define LARGE  (2 * WINDOW)
#define QUEUES 3
#define POOL   "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

/* ---- kinds of memory */

#define PRIVATE 0x1 /* a child has its own, and what is discarded is zero */
#define FILES   0x2
#define WHOLE   0x4 /* it can not be cut */
#define MUCH    0x8 /* there are huge pages if there is much of it */

struct kind {
	const char *name;
	char *(*make)(size_t size);
	void (*end)(char *memory, size_t size);
	unsigned int is;
};

/* In huge pages, where the kernel makes some. */
static char *map(size_t size, int flags, int fd)
{
	char *memory = t_map(size / PAGE);

	if (mmap(memory, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
		return NULL;
	return memory;
}

static void unmap(char *memory, size_t size)
{
	munmap(memory, size);
}

static char *make_malloc(size_t size)
{
	return aligned_alloc(PAGE, size);
}

/* Some of it may be unmapped. */
static void end_malloc(char *memory, size_t size)
{
	mmap(memory, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	free(memory);
}

static char *make_anonymous(size_t size)
{
	return map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static char *make_huge(size_t size)
{
	char *memory = make_anonymous(size);

	madvise(memory, size, MADV_HUGEPAGE);
	return memory;
}

static char *make_locked(size_t size)
{
	return map(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1);
}

static char *make_stack(size_t size)
{
	return map(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1);
}

static char *make_shared(size_t size)
{
	return map(size, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static char *map_file(size_t size, int flags, unsigned int memfd_flags)
{
	int fd = memfd_create("matrix", memfd_flags);
	char *memory = ftruncate(fd, size) ? NULL : map(size, flags, fd);

	close(fd);
	return memory;
}

static char *make_file_shared(size_t size)
{
	return map_file(size, MAP_SHARED, 0);
}

static char *make_file_private(size_t size)
{
	return map_file(size, MAP_PRIVATE, 0);
}

static char *make_hugetlb(size_t size)
{
	FILE *pool = fopen(POOL, "w");

	if (pool) {
		fprintf(pool, "8\n");
		fclose(pool);
	}
	return number_in(POOL, NULL) < 4 ? NULL : map_file(size, MAP_SHARED, MFD_HUGETLB);
}

static const struct kind kinds[] = {
	{ "malloc", make_malloc, end_malloc, PRIVATE },
	{ "anonymous", make_anonymous, unmap, PRIVATE },
	{ "huge", make_huge, unmap, PRIVATE | MUCH },
	{ "locked", make_locked, unmap, PRIVATE },
	{ "stack", make_stack, unmap, PRIVATE },
	{ "shared", make_shared, unmap, FILES | MUCH },
	{ "file_shared", make_file_shared, unmap, FILES },
	{ "file_private", make_file_private, unmap, FILES },
	{ "hugetlb", make_hugetlb, unmap, WHOLE | MUCH },
};

/* ---- what is worked on: the device copies one half to the other */

struct memory {
	int fd; /* of the device */
	uint64_t *words;
	size_t size;
	uint64_t seed;
};

static uint64_t *middle(const struct memory *memory)
{
	return memory->words + memory->size / 32;
}

static size_t half(const struct memory *memory)
{
	return memory->size / 16;
}

static void write_words(const struct memory *memory)
{
	size_t i;

	for (i = 0; i < half(memory); i++)
		memory->words[i] = memory->seed + 3 * i;
}

/* By the processor. */
static int look(const struct memory *memory)
{
	const uint64_t *copy = memory->words + half(memory);
	size_t i;

	for (i = 0; i < half(memory); i++)
		if (memory->words[i] != memory->seed + 3 * i || copy[i] != memory->words[i])
			return -EILSEQ;
	return 0;
}

/* By the device. */
static int compare(const struct memory *memory)
{
	const uint64_t *copy = memory->words + half(memory);
	uint64_t same;
	int ret = gpu_compare(memory->fd, memory->words, copy, half(memory), &same);

	return ret ?: same == half(memory) ? 0 : -EILSEQ;
}

static int copy(const struct memory *memory)
{
	return gpu_copy(memory->fd, memory->words + half(memory), memory->words, half(memory));
}

static int all_are(const uint64_t *words, size_t count, uint64_t a, uint64_t b)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (words[i] != a && words[i] != b)
			return -EILSEQ;
	return 0;
}

/* ---- events: 0 if what must be is, even if it is an error of the device */

static int expect(int ret, int expected)
{
	return ret == expected ? 0 : ret ?: -EBADE;
}

static int nothing(struct memory *memory)
{
	(void)memory;
	return 0;
}

static int wait_child(pid_t pid)
{
	return pid < 0 ? -errno : expect(t_wait(pid, GPU_LIMIT_MS), 0) ? -ECHILD : 0;
}

static int fork_read(struct memory *memory)
{
	pid_t pid = fork();

	if (!pid)
		_exit(look(memory) ? 1 : 0);
	return wait_child(pid);
}

/* What the child writes is its own, and what the device writes meanwhile is not the child's. */
static int fork_write(struct memory *memory)
{
	pid_t pid = fork();
	int ret;

	if (!pid) {
		memset(memory->words, 0xff, memory->size);
		t_sleep(5);
		_exit(all_are(memory->words, memory->size / 8, ~0ULL, ~0ULL) ? 1 : 0);
	}
	memory->seed++;
	write_words(memory);
	ret = copy(memory);
	return wait_child(pid) ?: ret;
}

static int move_to(struct memory *memory, int flags)
{
	uint64_t *old = memory->words;
	char *place = t_map(memory->size / PAGE);

	memory->words = mremap(old, memory->size, memory->size,
			       MREMAP_MAYMOVE | MREMAP_FIXED | flags, place);
	return memory->words == MAP_FAILED ? -errno : 0;
}

static int remap(struct memory *memory)
{
	const uint64_t *old = memory->words;

	return move_to(memory, 0) ?:
		       expect(gpu_copy(memory->fd, memory->words + half(memory), old, 1), -EFAULT);
}

/* What is left behind is empty, or the same file. */
static int remap_and_keep(struct memory *memory)
{
	uint64_t *old = memory->words, word = old[1];
	int ret = move_to(memory, MREMAP_DONTUNMAP) ?: gpu_copy(memory->fd, old, old + 1, 1);

	if (!ret && *old && *old != word)
		ret = -EILSEQ;
	munmap(old, memory->size);
	write_words(memory);
	return ret;
}

static int protect(struct memory *memory, int protection, int expected)
{
	int ret;

	if (mprotect(memory->words, memory->size, protection))
		return -errno;
	ret = expect(gpu_fill(memory->fd, middle(memory), 1, 0), expected);
	if (protection & PROT_READ)
		ret = ret ?: look(memory) ?: compare(memory);
	if (mprotect(memory->words, memory->size, PROT_READ | PROT_WRITE))
		return -errno;
	return ret;
}

static int read_only(struct memory *memory)
{
	return protect(memory, PROT_READ, -EPERM);
}

static int no_access(struct memory *memory)
{
	return protect(memory, PROT_NONE, -EFAULT);
}

static int discard(struct memory *memory)
{
	const uint64_t *copied = memory->words + half(memory);

	if (madvise(memory->words, memory->size, MADV_DONTNEED_LOCKED))
		return -errno;
	return copy(memory) ?: all_are(copied, half(memory), 0, 0);
}

static uint64_t prefetched(int fd)
{
	struct xmmu_gpu_stats stats = {};

	gpu_stats_of(fd, &stats);
	return stats.prefetched;
}

/* Before the work instead of after it. */
static int prefetch(struct memory *memory)
{
	struct xmmu_gpu_prefetch request = { .addr = (uintptr_t)memory->words,
					     .len = memory->size,
					     .flags = XMMU_GPU_WRITE };
	uint64_t before = prefetched(memory->fd);
	int ret = madvise(memory->words, memory->size, MADV_DONTNEED_LOCKED) ? -errno : 0;

	ret = ret ?: gpu_call(memory->fd, XMMU_GPU_PREFETCH, &request);
	if (!ret && prefetched(memory->fd) != before + memory->size / PAGE)
		ret = -EBADE;
	write_words(memory);
	return ret ?: copy(memory);
}

static int advise(struct memory *memory, unsigned int advice)
{
	struct xmmu_gpu_advise request = { .addr = (uintptr_t)memory->words,
					   .len = memory->size,
					   .advice = advice };

	return gpu_call(memory->fd, XMMU_GPU_ADVISE, &request);
}

/* To the memory of the device, and back as the processor looks. */
static int to_device(struct memory *memory)
{
	int ret = advise(memory, XMMU_GPU_IN_DEVICE);

	memory->seed++;
	write_words(memory);
	ret = ret ?: copy(memory) ?: look(memory) ?: copy(memory) ?: compare(memory);
	return ret ?: advise(memory, XMMU_GPU_ANYWHERE);
}

static int page_out(struct memory *memory)
{
	madvise(memory->words, memory->size, MADV_COLD);
	madvise(memory->words, memory->size, MADV_PAGEOUT);
	return 0;
}

static int lock(struct memory *memory)
{
	int ret = mlock(memory->words, memory->size) ? -errno : 0;

	return ret ?: munlock(memory->words, memory->size) ? -errno : 0;
}

/* The halves are still there, without what is between. */
static int unmap_middle(struct memory *memory)
{
	size_t quarter = half(memory) / 2;
	uint64_t same;
	int ret;

	if (munmap(middle(memory), memory->size / 2))
		return -errno;
	ret = expect(gpu_fill(memory->fd, middle(memory) + quarter - 1, 2, 0), -EFAULT);
	ret = ret ?: gpu_copy(memory->fd, memory->words + 3 * quarter, memory->words, quarter);
	ret = ret   ?:
		      gpu_compare(memory->fd, memory->words + 3 * quarter, memory->words, quarter,
				  &same);
	if (!ret && (same != quarter ||
		     memcmp(memory->words, memory->words + 3 * quarter, quarter * sizeof(same))))
		ret = -EILSEQ;
	return ret;
}

static int map_middle(struct memory *memory)
{
	return mmap(middle(memory), memory->size / 2, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ?
		       -errno :
		       0;
}

/* Other memory in the same place. */
static int remap_middle(struct memory *memory)
{
	uint64_t *new = middle(memory);
	size_t words = half(memory);

	return unmap_middle(memory)                          ?:
		       map_middle(memory)                    ?:
		       gpu_copy(memory->fd, new, new + 1, 8) ?:
		       all_are(new, words, 0, 0)             ?:
		       gpu_fill(memory->fd, new, words, 9)   ?:
							       all_are(new, words, 9, 9);
}

/* The device faults in what is taken away and mapped anew all the time. */
static int unmap_race(struct memory *memory)
{
	const struct xmmu_gpu_submit fill = { .op = XMMU_GPU_FILL,
					      .dst = (uintptr_t)middle(memory),
					      .count = half(memory),
					      .value = 9 };
	int ret = map_middle(memory), i, status;

	for (i = 0; !ret && i < 8; i++) {
		ret = gpu_send(memory->fd, &fill);
		if (ret)
			break;
		munmap(middle(memory), memory->size / 2);
		ret = map_middle(memory);
		status = gpu_next(memory->fd, GPU_LIMIT_MS, NULL);
		if (status && status != -EFAULT)
			ret = status;
	}
	return ret ?: all_are(middle(memory), half(memory), 0, 9);
}

/* Both add to the same word of each page. */
static int add_race(struct memory *memory)
{
	struct xmmu_gpu_submit add = { .op = XMMU_GPU_ADD, .count = 1, .value = 1 };
	size_t i, pages = memory->size / PAGE > 16 ? 16 : memory->size / PAGE;
	uint64_t before[16];
	int ret = 0;

	for (i = 0; !ret && i < pages; i++) {
		before[i] = memory->words[i * GPU_WORDS];
		add.dst = (uintptr_t)&memory->words[i * GPU_WORDS];
		ret = gpu_send(memory->fd, &add);
		__atomic_fetch_add(&memory->words[i * GPU_WORDS], 1, __ATOMIC_RELAXED);
	}
	while (!ret && i--)
		ret = gpu_next(memory->fd, GPU_LIMIT_MS, NULL);
	for (i = 0; !ret && i < pages; i++)
		if (memory->words[i * GPU_WORDS] != before[i] + 2)
			ret = -EILSEQ;
	return ret;
}

struct event {
	const char *name;
	int (*run)(struct memory *memory);
	unsigned int on;
	bool spoils;  /* what was copied */
	bool unseen;  /* the processor looks at the end only */
	bool large;   /* on much memory, too; only so if it can not be cut */
	bool at_once; /* by several threads, and processes */
	bool moves;   /* the device must have memory */
};

static const struct event events[] = {
	{ "look", nothing, PRIVATE | FILES, .large = true, .at_once = true },
	{ "unseen", nothing, PRIVATE | FILES, .unseen = true, .large = true },
	{ "fork_read", fork_read, PRIVATE | FILES, .large = true, .at_once = true },
	{ "fork_write", fork_write, PRIVATE, .at_once = true },
	{ "mremap", remap, PRIVATE | FILES, .large = true },
	{ "mremap_dontunmap", remap_and_keep, PRIVATE | FILES, .spoils = true },
	{ "munmap_part", unmap_middle, PRIVATE | FILES, .spoils = true },
	{ "remap_part", remap_middle, PRIVATE | FILES, .spoils = true },
	{ "munmap_race", unmap_race, PRIVATE | FILES, .spoils = true },
	{ "add_race", add_race, PRIVATE | FILES, .spoils = true, .large = true, .at_once = true },
	{ "read_only", read_only, PRIVATE | FILES, .large = true, .at_once = true },
	{ "no_access", no_access, PRIVATE | FILES, .large = true },
	{ "discard", discard, PRIVATE, .spoils = true, .at_once = true },
	{ "prefetch", prefetch, PRIVATE, .large = true, .at_once = true },
	{ "to_device", to_device, PRIVATE, .large = true, .at_once = true, .moves = true },
	{ "page_out", page_out, PRIVATE | FILES, .at_once = true },
	{ "mlock", lock, PRIVATE | FILES, .at_once = true },
};

/* ---- ways: how often, on how much memory, by whom */

struct way {
	const char *name;
	size_t size;
	unsigned int runs;
	unsigned int queues; /* that take turns */
	bool fresh;          /* other memory each time */
};

static const struct way small_ways[] = {
	{ "many times", SIZE, 2, 1, false },
	{ "new memory each time", SIZE, 2, 1, true },
	{ "several queues", SIZE, QUEUES, QUEUES, false },
};
static const struct way large = { "much memory", LARGE, 1, 1, true };
static const struct way at_once = { "at the same time as others", SIZE, 1, 1, true };

/* ---- a case */

struct test {
	const struct kind *kind;
	const struct event *event;
	char name[64];
};

/* Open files of the device, those of another thread last: what ends with them takes long. */
static int files[QUEUES + 1];

static int run(struct memory *memory, const struct test *test, bool last)
{
	const struct event *event = test->event;
	int ret;

	memory->seed++;
	write_words(memory);
	ret = copy(memory) ?: event->run(memory);
	if (ret || event->spoils)
		return ret;
	if (!event->unseen || last)
		ret = look(memory);
	return ret ?: compare(memory);
}

/* The memory is made anew if only its kind knows how it was. */
static int run_way(const struct test *test, const struct way *way, const int *queues)
{
	struct memory memory = { .size = way->size, .seed = getpid() };
	char *origin = NULL;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < way->runs; i++) {
		origin = origin ?: test->kind->make(way->size);
		if (!origin)
			return -ENOMEM;
		memory.words = (uint64_t *)origin;
		memory.fd = queues[i % way->queues];
		ret = run(&memory, test, i == way->runs - 1);
		if (memory.words != (uint64_t *)origin)
			munmap(memory.words, memory.size);
		else if (!way->fresh && !test->event->spoils && !ret && i < way->runs - 1)
			continue;
		test->kind->end(origin, way->size);
		origin = NULL;
	}
	return ret;
}

static void check_way(const struct test *test, const struct way *way)
{
	int ret = run_way(test, way, files);

	if (ret)
		fail_msg("%s, %s: %s", test->name, way->name, strerror(-ret));
}

static long run_at_once(void *test)
{
	return run_way(test, &at_once, &files[QUEUES]);
}

static int run_in_child(void *test)
{
	int fd = gpu_file();

	return run_way(test, &at_once, &fd) ? 1 : 0;
}

/* A thread and another process do the same. */
static void check_at_once(const struct test *test)
{
	struct t_thread thread;
	pid_t child = t_fork(run_in_child, (void *)test);

	t_start(&thread, run_at_once, (void *)test);
	check_way(test, &at_once);
	assert_int_equal(t_join(&thread), 0);
	assert_int_equal(t_wait(child, GPU_LIMIT_MS), 0);
}

static bool has_memory(void)
{
	struct memory page = { .fd = files[0], .words = (uint64_t *)t_map(1), .size = PAGE };
	int ret = advise(&page, XMMU_GPU_IN_DEVICE);

	advise(&page, XMMU_GPU_ANYWHERE);
	t_unmap(page.words, 1);
	return ret != -EOPNOTSUPP;
}

static void check(void **state)
{
	const struct test *test = *state;
	size_t i;

	if (test->event->moves && !has_memory()) {
		print_message("the device has no memory\n");
		skip();
	}
	if (test->kind->is & WHOLE) {
		check_way(test, &large);
		return;
	}
	for (i = 0; i < sizeof(small_ways) / sizeof(small_ways[0]); i++)
		check_way(test, &small_ways[i]);
	if (test->event->large && test->kind->is & MUCH)
		check_way(test, &large);
	if (test->event->at_once)
		check_at_once(test);
}

static int open_files(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i <= QUEUES; i++) {
		files[i] = gpu_file();
		if (files[i] < 0)
			return files[i];
	}
	return 0;
}

/* A device that was wrong says so itself. */
static void nothing_was_stale(void **state)
{
	struct xmmu_gpu_stats stats;

	(void)state;
	assert_int_equal(gpu_stats_of(files[0], &stats), 0);
	assert_int_equal(stats.stale, 0);
	assert_true(stats.accesses > 0);
}

static bool is_possible(const struct kind *kind, const struct event *event)
{
	return kind->is & WHOLE ? event->large && event->run != remap && !event->moves :
				  kind->is & event->on;
}

#define NR_KINDS  (sizeof(kinds) / sizeof(kinds[0]))
#define NR_EVENTS (sizeof(events) / sizeof(events[0]))

int main(void)
{
	static struct CMUnitTest tests[NR_KINDS * NR_EVENTS + 1];
	static struct test cases[NR_KINDS * NR_EVENTS];
	size_t i, n = 0;

	for (i = 0; i < NR_KINDS * NR_EVENTS; i++) {
		cases[i].kind = &kinds[i / NR_EVENTS];
		cases[i].event = &events[i % NR_EVENTS];
		if (!is_possible(cases[i].kind, cases[i].event))
			continue;
		snprintf(cases[i].name, sizeof(cases[i].name), "%s_%s", cases[i].kind->name,
			 cases[i].event->name);
		tests[n++] = (struct CMUnitTest){ cases[i].name, check, NULL, NULL, &cases[i] };
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(nothing_was_stale);
	return _cmocka_run_group_tests("gpu_matrix", tests, n, open_files, NULL);
}
