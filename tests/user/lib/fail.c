// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: failing every allocation of an operation in turn. */
#include <fcntl.h>
#include <sys/syscall.h>

#include "fail.h"
#include "number.h"

#define FAILURES_MAX 2000
#define ATTEMPT_MS   60000
#define TESTS_MAX    32

static const char *module;

/* ---- files */

static int put(const char *path, const char *format, unsigned long value)
{
	char text[32];
	int size = snprintf(text, sizeof(text), format, value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = fd < 0 || write(fd, text, size) != size ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* ---- who injects */

struct injector {
	const char *name;
	const char *(*path)(void);
};

/* Of the calling thread. */
static const char *kernel_path(void)
{
	return "/proc/thread-self/fail-nth";
}

static const char *sdk_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/xmmu-%s/inject/fail_nth", module);
	return path;
}

static const struct injector by_kernel = { "kernel", kernel_path };
static const struct injector by_sdk = { "sdk", sdk_path };

/* Both count down to the one that fails. */
static int arm(const struct injector *injector, unsigned int nth)
{
	return put(injector->path(), "%lu", nth);
}

/* Whether it has failed. */
static bool disarm(const struct injector *injector)
{
	bool fired = number_in(injector->path(), NULL) == 0;

	arm(injector, 0);
	return fired;
}

/* ---- which allocations the kernel fails: those with a caller between two addresses */

static void filter(const char *end, unsigned long first, unsigned long last)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	char path[128];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s-start", kinds[i], end);
		assert_int_equal(put(path, "%#lx", first), 0);
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s-end", kinds[i], end);
		assert_int_equal(put(path, "%#lx", last), 0);
	}
}

/* Those that may not wait for memory too, and without a trace for each. */
static void prepare_kinds(void)
{
	assert_int_equal(put("/sys/kernel/debug/failslab/ignore-gfp-wait", "%lu", 0), 0);
	assert_int_equal(put("/sys/kernel/debug/failslab/verbose", "%lu", 0), 0);
	assert_int_equal(put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "%lu", 0), 0);
	assert_int_equal(put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "%lu", 0), 0);
	assert_int_equal(put("/sys/kernel/debug/fail_page_alloc/verbose", "%lu", 0), 0);
}

/*
 * One kind at a time: when a slab needs new pages differs from attempt to attempt, and would change
 * which allocation is the n-th.
 */
static void choose_kind(bool pages)
{
	assert_int_equal(put("/sys/kernel/debug/failslab/cache-filter", "%lu", pages), 0);
	assert_int_equal(put("/sys/kernel/debug/fail_page_alloc/min-order", "%lu", pages ? 0 : 99),
			 0);
}

/* A function of the kernel: from its address to the next symbol's. False if there is none. */
static bool find_function(const char *name, unsigned long *first, unsigned long *last)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], symbol[256];
	bool found = false;

	*first = *last = 0;
	while (file && *last <= *first && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx %*c %255s", last, symbol) == 2 && !found)
			*first = *last;
		found |= !strcmp(symbol, name);
	}
	if (file)
		fclose(file);
	return found;
}

/* kmemleak gives up for good when it gets no memory for its own notes. */
static void spare_kmemleak(void)
{
	unsigned long first, last;

	if (find_function("mem_pool_alloc", &first, &last) ||
	    find_function("__alloc_object", &first, &last))
		filter("reject", first, last);
}

/*
 * How far down its caller may be. Further down than a few calls are other parts of the kernel, and
 * not all of them survive it: ACPI uses what it has freed, /proc/irq warns.
 */
#define ANY_DEPTH     32
#define SHALLOW_DEPTH 10

static void filter_depth(unsigned long depth)
{
	assert_int_equal(put("/sys/kernel/debug/failslab/stacktrace-depth", "%lu", depth), 0);
	assert_int_equal(put("/sys/kernel/debug/fail_page_alloc/stacktrace-depth", "%lu", depth),
			 0);
}

static void filter_module(void)
{
	FILE *file = fopen("/proc/modules", "r");
	unsigned long size, addr, found = 0;
	char line[512], name[64];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, &addr) == 3 &&
		    !strcmp(name, module)) {
			filter("require", addr, addr + size);
			found = addr;
		}
	}
	fclose(file);
	assert_true(found);
}

/* The function that calls every module's first one. */
static void filter_loading(void)
{
	unsigned long first, last;

	assert_true(find_function("do_one_initcall", &first, &last));
	filter("require", first, last);
}

/* ---- an attempt */

struct attempt {
	const struct fail_op *op;
	const struct injector *injector;
	unsigned int nth;
	/* What came of it, in memory that parent and child share. */
	bool fired;
	int ret;
	char wrong[128];
};

static int wrong(struct attempt *attempt, const char *what, int ret)
{
	snprintf(attempt->wrong, sizeof(attempt->wrong), "allocation %u: %s: %d", attempt->nth,
		 what, ret);
	return 1;
}

static int attempt_main(void *arg)
{
	struct attempt *attempt = arg;
	const struct fail_op *op = attempt->op;
	int ret = op->prepare ? op->prepare() : 0;

	if (ret)
		return wrong(attempt, "to prepare", ret);
	ret = arm(attempt->injector, attempt->nth);
	if (ret)
		return wrong(attempt, "to arm", ret);
	attempt->ret = op->run();
	attempt->fired = disarm(attempt->injector);
	ret = attempt->ret;
	if (ret && ((ret != -ENOMEM && ret != op->or_error) || op->must_work || !attempt->fired))
		return wrong(attempt, "ends with", ret);
	if (ret)
		ret = op->run();
	if (ret)
		return wrong(attempt, "again, with nothing failing", ret);
	ret = op->check ? op->check() : 0;
	return ret ? wrong(attempt, "was not all done", ret) : 0;
}

/* Whether an allocation has failed; false: there were fewer. */
static bool try_nth(struct attempt *attempt, unsigned int *refused)
{
	int ret;

	attempt->fired = false;
	attempt->ret = 0;
	ret = t_wait(t_fork(attempt_main, attempt), ATTEMPT_MS);
	if (*attempt->wrong)
		fail_msg("%s", attempt->wrong);
	if (ret)
		fail_msg("allocation %u: the process ended with %d", attempt->nth, ret);
	*refused += attempt->ret != 0;
	return attempt->fired;
}

/* How many have failed. */
static unsigned int fail_each(const struct fail_op *op, const struct injector *injector,
			      const char *what)
{
	struct attempt *attempt = mmap(NULL, sizeof(*attempt), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int nth, refused = 0;

	assert_ptr_not_equal(attempt, MAP_FAILED);
	*attempt = (struct attempt){ .op = op, .injector = injector };
	for (nth = 1; nth < FAILURES_MAX; nth++) {
		attempt->nth = nth;
		if (!try_nth(attempt, &refused))
			break;
	}
	print_message("# %s: %u %s failed, %u times refused\n", op->name, nth - 1, what, refused);
	munmap(attempt, sizeof(*attempt));
	assert_in_range(nth, 1, FAILURES_MAX - 1);
	return nth - 1;
}

static void kernel_fails_each(void **state)
{
	const struct fail_op *op = *state;
	unsigned int failed;

	if (op->loads)
		filter_loading();
	else
		filter_module();
	filter_depth(op->shallow ? SHALLOW_DEPTH : ANY_DEPTH);
	choose_kind(false);
	failed = fail_each(op, &by_kernel, "slab allocations");
	choose_kind(true);
	failed += fail_each(op, &by_kernel, "page allocations");
	assert_true(failed || !op->allocates);
}

static void sdk_fails_each(void **state)
{
	const struct fail_op *op = *state;

	assert_true(fail_each(op, &by_sdk, "allocations of the SDK") || !op->in_worker);
}

/* ---- leaks: the module, and what kmemleak has found that it had allocated */

static bool is_leaking(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512], frame[64];
	bool found = false;

	snprintf(frame, sizeof(frame), "[%s]", module);
	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, frame) != NULL;
	if (file)
		fclose(file);
	return found;
}

/* What is found in one scan only may just have been on its way. */
static void nothing_is_leaked(void **state)
{
	const char *path = "/sys/kernel/debug/kmemleak";
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int i;

	(void)state;
	if (fd < 0) {
		print_message("this kernel has no kmemleak\n");
		skip();
	}
	/* It looks only at what is some seconds old. */
	t_sleep(6000);
	for (i = 0; i < 2; i++)
		assert_int_equal(write(fd, "scan", 4), 4);
	close(fd);
	assert_false(is_leaking(path));
}

/* ---- the module */

int fail_load_module(void)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/lib/xmmu/debug/%s.ko", module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

int fail_unload_module(void)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static int load(void **state)
{
	(void)state;
	return fail_load_module();
}

static int unload(void **state)
{
	(void)state;
	return fail_unload_module();
}

static int load_for_kernel(void **state)
{
	prepare_kinds();
	spare_kmemleak();
	return load(state);
}

char *fail_map(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	return memory;
}

static int run_by_sdk(const struct fail_op *ops, size_t count)
{
	struct CMUnitTest tests[TESTS_MAX] = {};
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (!ops[i].loads)
			tests[n++] = (struct CMUnitTest){ ops[i].name, sdk_fails_each, NULL, NULL,
							  (void *)&ops[i] };
	return _cmocka_run_group_tests(module, tests, n, load, unload);
}

static int run_by_kernel(const struct fail_op *ops, size_t count)
{
	struct CMUnitTest tests[TESTS_MAX] = {};
	size_t i;

	for (i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ ops[i].name, kernel_fails_each, NULL, NULL,
						(void *)&ops[i] };
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(nothing_is_leaked);
	return _cmocka_run_group_tests(module, tests, i, load_for_kernel, unload);
}

int fail_main(int argc, char **argv, const char *name, const struct fail_op *ops, size_t count)
{
	module = name;
	if (argc == 2 && !strcmp(argv[1], by_sdk.name))
		return run_by_sdk(ops, count);
	if (argc != 2 || strcmp(argv[1], by_kernel.name)) {
		fprintf(stderr, "usage: %s kernel|sdk\n", argv[0]);
		return 2;
	}
	if (access(by_kernel.path(), F_OK)) {
		printf("1..0 # SKIP this kernel has no fault injection\n");
		return 0;
	}
	return run_by_kernel(ops, count);
}
