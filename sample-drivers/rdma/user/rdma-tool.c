// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has two processes reach each other's memory: once, with each step checked by the processor that
 * the memory belongs to; or for a while, in memory to which everything happens.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/xrdma.h"

#define PAGE  4096UL
#define WORDS (PAGE / sizeof(uint64_t))

static const char *device = "/dev/xmmu-rdma";
static size_t pages = 64;
static unsigned int seconds = 10;

static const char usage_text[] =
	"usage: rdma-tool COMMAND [OPTION]...\n"
	"Have two processes reach each other's memory through an RDMA device.\n"
	"\n"
	"  run     do each kind of work between two processes, and check each step\n"
	"  stat    print the counters of the device\n"
	"  stress  reach memory that comes and goes, and check every word\n"
	"\n"
	"rdma-tool COMMAND --help tells of a command.\n"
	"\n"
	"Exit status: 0 all went well, 1 something failed or was wrong, 2 bad usage.\n";

static const char run_text[] =
	"usage: rdma-tool run [--device PATH] [--pages N]\n"
	"Do each kind of work between this process and a child, and check each step.\n"
	"\n"
	"  --device PATH  the device (/dev/xmmu-rdma)\n"
	"  --pages N      pages of memory of each, 1 to 65536 (64)\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

static const char stat_text[] = "usage: rdma-tool stat [--device PATH]\n"
				"Print the counters of the device since it is there.\n"
				"\n"
				"  --device PATH  the device (/dev/xmmu-rdma)\n"
				"\n"
				"Exit status: 0 printed, 1 the device fails, 2 bad usage.\n";

static const char stress_text[] =
	"usage: rdma-tool stress [--device PATH] [--pages N] [--seconds N]\n"
	"Write to, read from and add to memory of a child, while a thread of the child protects,\n"
	"forks, unmaps, discards, pages out and registers it anew; and check every word.\n"
	"\n"
	"  --device PATH  the device (/dev/xmmu-rdma)\n"
	"  --pages N      pages of a piece of memory, 1 to 65536 (64); there are three\n"
	"  --seconds N    how long, 1 to 86400 (10)\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

/* ---- messages, options */

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	fputs("rdma-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

__attribute__((format(printf, 1, 2), noreturn)) static void bad_usage(const char *format, ...)
{
	va_list args;

	fputs("rdma-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; try rdma-tool --help\n", stderr);
	exit(2);
}

static unsigned long number(const char *what, const char *text, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || !value || value > max)
		bad_usage("--%s '%s': give a number from 1 to %lu", what, text, max);
	return value;
}

/* The command takes the options that are named by their first letters. */
static void parse(int argc, char **argv, const char *takes, const char *help)
{
	static const struct option all[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "pages", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int option, before;

	opterr = 0;
	while (before = optind, (option = getopt_long(argc, argv, "+h", all, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (option == '?' || !strchr(takes, option))
			bad_usage("'%s': no such option, or it lacks its value", argv[before]);
		if (option == 'd')
			device = optarg;
		else if (option == 'p')
			pages = number("pages", optarg, 65536);
		else
			seconds = number("seconds", optarg, 86400);
	}
	if (optind < argc)
		bad_usage("'%s': leave it out", argv[optind]);
}

/* ---- a side: a process with a protection domain, all of whose memory is registered */

static struct side {
	int rdma;
	int pair;
	int socket; /* to the other process */
	uint64_t *memory;
	struct xmmu_rdma_region region;
} me;

/* What the sides tell each other. */
static struct hello {
	int pair;
	uint64_t addr;
	uint64_t key;
} peer;

static void check(const char *what, int error)
{
	if (error < 0)
		die("%s: %s", what, strerror(-error));
}

static void open_device(void)
{
	me.rdma = xrdma_open(device);
	if (me.rdma == -ENOENT)
		die("%s is not there: load the driver (modprobe rdma), or give --device", device);
	check(device, me.rdma);
}

static void tell(const void *what, size_t len)
{
	if (write(me.socket, what, len) != (ssize_t)len)
		die("the other process is gone");
}

static void hear(void *what, size_t len)
{
	if (recv(me.socket, what, len, MSG_WAITALL) != (ssize_t)len)
		die("the other process is gone");
}

/* Neither goes on before both are here. */
static void meet(void)
{
	char byte = 0;

	tell(&byte, 1);
	hear(&byte, 1);
}

static void *map(void)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for --pages %zu: give a smaller number", pages);
	return memory;
}

#define ALL                                                                       \
	(XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_READ | XMMU_RDMA_REMOTE_WRITE | \
	 XMMU_RDMA_REMOTE_ATOMIC)

static void start(void)
{
	struct hello hello;

	open_device();
	me.memory = map();
	check("register memory", xrdma_register(me.rdma, me.memory, pages * PAGE, ALL, &me.region));
	me.pair = xrdma_pair(me.rdma);
	check("make a queue pair", me.pair);
	hello = (struct hello){ me.pair, xrdma_addr(me.memory), me.region.remote_key };
	tell(&hello, sizeof(hello));
	hear(&peer, sizeof(peer));
	check("connect", xrdma_connect(me.rdma, me.pair, peer.pair));
	meet();
}

static struct xmmu_rdma_work work_of(enum xmmu_rdma_op op, size_t len)
{
	return (struct xmmu_rdma_work){
		.pair = me.pair,
		.op = op,
		.local_addr = xrdma_addr(me.memory),
		.local_key = me.region.local_key,
		.remote_addr = peer.addr,
		.remote_key = peer.key,
		.len = len,
	};
}

static void fill(uint64_t seed)
{
	size_t i;

	for (i = 0; i < pages * WORDS; i++)
		me.memory[i] = seed + i;
}

static void expect_words(const char *what, const volatile uint64_t *memory, uint64_t seed)
{
	uint64_t word;
	size_t i;

	for (i = 0; i < pages * WORDS; i++) {
		word = memory[i];
		if (word != seed + i)
			die("%s: word %zu is %llu, not %llu", what, i, (unsigned long long)word,
			    (unsigned long long)(seed + i));
	}
}

static void expect_filled(const char *what, uint64_t seed)
{
	expect_words(what, me.memory, seed);
}

static void expect(const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		die("%s: it is %llu, not %llu", what, (unsigned long long)is,
		    (unsigned long long)should);
}

/* ---- the child: owns the memory that is reached, and looks at it between the steps */

static void child(void)
{
	struct xmmu_rdma_work receive;
	struct xmmu_rdma_completion done;

	start();
	meet();
	expect_filled("written by the other process", 1000);
	fill(2000);
	meet();
	meet();
	expect("fetch and add", me.memory[0], 2005);
	meet();
	meet();
	expect("compare and swap", me.memory[0], 7);
	receive = work_of(XMMU_RDMA_RECEIVE, pages * PAGE);
	check("post a buffer", xrdma_run(me.rdma, &receive, &done));
	expect("status of what was received", done.status, XMMU_RDMA_OK);
	expect_filled("sent by the other process", 3000);
	check("deregister", xrdma_deregister(me.rdma, me.region.local_key));
	fill(4000);
	meet();
	meet();
	expect_filled("memory that is not registered", 4000);
}

/* ---- the parent: does the work */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static struct xmmu_rdma_completion do_work(const char *what, struct xmmu_rdma_work work)
{
	struct xmmu_rdma_completion done;
	double begun = now();

	check(what, xrdma_run(me.rdma, &work, &done));
	printf("    %-44s %8.1f ms\n", what, (now() - begun) * 1e3);
	fflush(stdout);
	return done;
}

static void parent(void)
{
	struct xmmu_rdma_work work;
	struct xmmu_rdma_completion done;

	start();
	fill(1000);
	done = do_work("write to the other process", work_of(XMMU_RDMA_WRITE, pages * PAGE));
	expect("status of the write", done.status, XMMU_RDMA_OK);
	meet();
	meet();
	done = do_work("read from it", work_of(XMMU_RDMA_READ, pages * PAGE));
	expect("status of the read", done.status, XMMU_RDMA_OK);
	expect_filled("read from the other process", 2000);
	work = work_of(XMMU_RDMA_FETCH_ADD, sizeof(uint64_t));
	work.value = 5;
	expect("word before the addition", do_work("fetch and add", work).result, 2000);
	meet();
	meet();
	work = work_of(XMMU_RDMA_COMPARE_SWAP, sizeof(uint64_t));
	work.expected = 2005;
	work.value = 7;
	expect("word before the exchange", do_work("compare and swap", work).result, 2005);
	meet();
	fill(3000);
	done = do_work("send into a buffer of it", work_of(XMMU_RDMA_SEND, pages * PAGE));
	expect("status of the send", done.status, XMMU_RDMA_OK);
	meet();
	done = do_work("write by a key that is no more: refused",
		       work_of(XMMU_RDMA_WRITE, pages * PAGE));
	expect("status of the write", done.status, XMMU_RDMA_REMOTE_ACCESS);
	expect("reason", -done.error, ENOKEY);
	meet();
}

static struct xmmu_rdma_stats stats(void)
{
	struct xmmu_rdma_stats stats;

	check("counters", xrdma_stats(me.rdma, &stats));
	return stats;
}

/* A child with a socket to this process. Each opens the device for itself: see that it is there. */
static pid_t start_child(void (*main)(void))
{
	int sockets[2];
	pid_t pid;

	open_device();
	close(me.rdma);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		die("no socket: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("no process: %s", strerror(errno));
	me.socket = sockets[!pid];
	close(sockets[!!pid]);
	if (!pid) {
		main();
		exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process has found something wrong");
	expect("accesses by translations that were taken away", stats().stale, 0);
}

static int run(void)
{
	pid_t pid = start_child(child);

	printf("%s connects two processes with %zu pages each:\n\n", device, pages);
	fflush(stdout);
	parent();
	end_child(pid);
	printf("\nPASSED: both have in every word what they should.\n");
	return 0;
}

/* ---- stress: the child has memory that keeps what is written, and some that may lose it */

enum order {
	CONNECT, /* this is my queue pair: tell me yours, and what memory you have */
	COMPARE, /* look at the memory that is kept */
	REST,    /* let nothing happen any more, and tell me what has */
	LOOK,    /* at the memory that might lose something */
	END,
};

struct message {
	enum order order;
	int pair;
	uint64_t seed;
};

struct memory {
	int pair;
	uint64_t kept, lost;         /* addresses */
	uint64_t kept_key, lost_key; /* of all memory, and of a region of its own */
};

/* Of the child. */
static struct {
	char *kept, *lost;
	struct xmmu_rdma_region all;
	pthread_mutex_t lock; /* for the next one */
	struct xmmu_rdma_region region;
	bool stop;
	int failed; /* of the thread, for the main one to tell */
	unsigned long times[8];
} stress = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void hostile_protect(size_t first, size_t len)
{
	mprotect(stress.kept + first, len, PROT_READ);
	mprotect(stress.kept + first, len, PROT_READ | PROT_WRITE);
}

/* What a child has of the memory does not change, whatever the device does in that of the parent. */
static int watch(const char *memory, size_t len)
{
	const volatile uint64_t *words = (const volatile uint64_t *)memory;
	uint64_t before[16];
	size_t i;

	for (i = 0; i < 16; i++)
		before[i] = words[i * (len / 16) / 8];
	usleep(2000);
	for (i = 0; i < 16; i++)
		if (before[i] != words[i * (len / 16) / 8])
			return 1;
	return 0;
}

static void hostile_fork(size_t first, size_t len)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(watch(stress.kept + first, len));
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status)
		__atomic_store_n(&stress.failed, 1, __ATOMIC_RELAXED);
}

static void hostile_discard(size_t first, size_t len)
{
	madvise(stress.lost + first, len, MADV_DONTNEED);
}

static void hostile_unmap(size_t first, size_t len)
{
	munmap(stress.lost + first, len);
	mmap(stress.lost + first, len, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void hostile_page_out(size_t first, size_t len)
{
	madvise(stress.kept + first, len, MADV_PAGEOUT);
}

static void hostile_register(size_t first, size_t len)
{
	(void)first;
	(void)len;
	pthread_mutex_lock(&stress.lock);
	if (xrdma_reregister(me.rdma, stress.lost, pages * PAGE, ALL, &stress.region))
		__atomic_store_n(&stress.failed, 2, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&stress.lock);
}

static const struct hostile {
	const char *name;
	void (*run)(size_t first, size_t len);
} hostile[] = {
	{ "mprotect", hostile_protect },      { "fork", hostile_fork },
	{ "MADV_DONTNEED", hostile_discard }, { "munmap and mmap", hostile_unmap },
	{ "MADV_PAGEOUT", hostile_page_out }, { "new keys", hostile_register },
};

#define HOSTILE (sizeof(hostile) / sizeof(*hostile))

static void *be_hostile(void *unused)
{
	unsigned int seed = 1;
	size_t first, count, which;

	while (!__atomic_load_n(&stress.stop, __ATOMIC_RELAXED)) {
		which = rand_r(&seed) % HOSTILE;
		first = rand_r(&seed) % pages;
		count = 1 + rand_r(&seed) % (pages - first);
		hostile[which].run(first * PAGE, count * PAGE);
		stress.times[which]++;
		/* A page at a time may be had in between. */
		usleep(1000);
	}
	return unused;
}

static void child_connect(int pair)
{
	struct memory memory;

	if (me.pair)
		check("destroy a queue pair", xrdma_destroy(me.rdma, me.pair));
	me.pair = xrdma_pair(me.rdma);
	check("make a queue pair", me.pair);
	check("connect", xrdma_connect(me.rdma, me.pair, pair));
	pthread_mutex_lock(&stress.lock);
	memory = (struct memory){ me.pair, xrdma_addr(stress.kept), xrdma_addr(stress.lost),
				  stress.all.remote_key, stress.region.remote_key };
	pthread_mutex_unlock(&stress.lock);
	tell(&memory, sizeof(memory));
}

static void child_rest(pthread_t thread)
{
	__atomic_store_n(&stress.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	tell(stress.times, sizeof(stress.times));
}

static void child_obey(const struct message *message, pthread_t thread)
{
	char byte = 0;

	if (__atomic_load_n(&stress.failed, __ATOMIC_RELAXED))
		die(stress.failed == 1 ? "memory of a forked child has changed" :
					 "memory can not be registered anew");
	if (message->order == CONNECT)
		child_connect(message->pair);
	else if (message->order == REST)
		child_rest(thread);
	else
		expect_words("written by the other process",
			     (uint64_t *)(message->order == LOOK ? stress.lost : stress.kept),
			     message->seed);
	if (message->order == COMPARE || message->order == LOOK)
		tell(&byte, 1);
}

static void child_stress(void)
{
	struct message message;
	pthread_t thread;

	open_device();
	stress.kept = map();
	stress.lost = map();
	check("register all memory",
	      xrdma_register(me.rdma, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &stress.all));
	check("register memory",
	      xrdma_register(me.rdma, stress.lost, pages * PAGE, ALL, &stress.region));
	if (pthread_create(&thread, NULL, be_hostile, NULL))
		die("no thread");
	for (;;) {
		hear(&message, sizeof(message));
		if (message.order == END)
			return;
		child_obey(&message, thread);
	}
}

static struct memory target;
static unsigned long rounds, again;

static void order(enum order order, uint64_t seed, void *answer, size_t len)
{
	const struct message message = { order, me.pair, seed };

	tell(&message, sizeof(message));
	hear(answer, len);
}

static void reconnect(void)
{
	if (me.pair)
		check("destroy a queue pair", xrdma_destroy(me.rdma, me.pair));
	me.pair = xrdma_pair(me.rdma);
	check("make a queue pair", me.pair);
	order(CONNECT, 0, &target, sizeof(target));
	check("connect", xrdma_connect(me.rdma, me.pair, target.pair));
}

static bool is_transient(const struct xmmu_rdma_completion *done)
{
	return done->status == XMMU_RDMA_REMOTE_ACCESS &&
	       (done->error == -EPERM || done->error == -EFAULT || done->error == -ENOKEY);
}

/* Again as long as it meets memory that is protected, unmapped or without that key at the moment. */
static uint64_t work_until_done(enum xmmu_rdma_op op, bool lost, size_t len)
{
	struct xmmu_rdma_completion done;
	struct xmmu_rdma_work work;

	for (;;) {
		work = work_of(op, len);
		work.remote_addr = lost ? target.lost : target.kept;
		work.remote_key = lost ? target.lost_key : target.kept_key;
		work.value = 1;
		check("post work", xrdma_run(me.rdma, &work, &done));
		if (done.status == XMMU_RDMA_OK)
			return done.result;
		if (!is_transient(&done))
			die("round %lu: work has ended with status %u: %s", rounds, done.status,
			    strerror(-done.error));
		again++;
		reconnect();
	}
}

static void stress_round(void)
{
	uint64_t seed = ++rounds << 32;
	char byte;

	fill(seed);
	work_until_done(XMMU_RDMA_WRITE, false, pages * PAGE);
	order(COMPARE, seed, &byte, 1);
	fill(0);
	work_until_done(XMMU_RDMA_READ, false, pages * PAGE);
	expect_filled("read from the other process", seed);
	expect("word before the addition",
	       work_until_done(XMMU_RDMA_FETCH_ADD, false, sizeof(uint64_t)), seed);
	work_until_done(XMMU_RDMA_WRITE, true, pages * PAGE);
	expect("accesses by translations that were taken away", stats().stale, 0);
}

static void stress_for(double limit)
{
	double start = now(), shown = start;

	do {
		stress_round();
		if (isatty(STDERR_FILENO) && now() > shown + 1) {
			shown = now();
			fprintf(stderr, "\r  %.0f of %.0f s, %lu rounds", shown - start, limit,
				rounds);
		}
	} while (now() < start + limit);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int run_stress(void)
{
	pid_t pid = start_child(child_stress);
	unsigned long times[8];
	size_t i;
	char byte;

	open_device();
	me.memory = map();
	check("register memory", xrdma_register(me.rdma, me.memory, pages * PAGE, ALL, &me.region));
	reconnect();
	stress_for(seconds);
	order(REST, 0, times, sizeof(times));
	/* Nothing happens any more: the device has the last word. */
	fill(1);
	work_until_done(XMMU_RDMA_WRITE, true, pages * PAGE);
	order(LOOK, 1, &byte, 1);
	tell(&(struct message){ .order = END }, sizeof(struct message));
	end_child(pid);
	for (i = 0; i < HOSTILE; i++)
		printf("    %-16s %8lu times\n", hostile[i].name, times[i]);
	printf("PASSED: %lu rounds of %zu words, %lu connections made again.\n", rounds,
	       3 * pages * WORDS, again);
	return 0;
}

/* ---- stat */

static int print_stats(void)
{
	struct xmmu_rdma_stats s;

	open_device();
	s = stats();
	printf("accesses  %llu\n", (unsigned long long)s.accesses);
	printf("stale     %llu\n", (unsigned long long)s.stale);
	return 0;
}

static const struct command {
	const char *name;
	const char *takes;
	const char *help;
	int (*run)(void);
} commands[] = {
	{ "run", "dp", run_text, run },
	{ "stat", "d", stat_text, print_stats },
	{ "stress", "dps", stress_text, run_stress },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		bad_usage("no command: give run, stat or stress");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage_text, stdout);
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		parse(argc - 1, argv + 1, commands[i].takes, commands[i].help);
		return commands[i].run();
	}
	bad_usage("'%s': no such command: give run, stat or stress", argv[1]);
}
