// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has two processes reach each other's memory: once, with each step checked by the processor that
 * the memory belongs to; or prints the counters of the device.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
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

static const char usage_text[] =
	"usage: rdma-tool COMMAND [OPTION]...\n"
	"Have two processes reach each other's memory through an RDMA device.\n"
	"\n"
	"  run   do each kind of work between two processes, and check each step\n"
	"  stat  print the counters of the device\n"
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
		else
			pages = number("pages", optarg, 65536);
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

static void start(void)
{
	struct hello hello;

	open_device();
	me.memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (me.memory == MAP_FAILED)
		die("no memory for --pages %zu: give a smaller number", pages);
	check("register memory",
	      xrdma_register(me.rdma, me.memory, pages * PAGE,
			     XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_READ |
				     XMMU_RDMA_REMOTE_WRITE | XMMU_RDMA_REMOTE_ATOMIC,
			     &me.region));
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

static void expect_filled(const char *what, uint64_t seed)
{
	size_t i;

	for (i = 0; i < pages * WORDS; i++)
		if (me.memory[i] != seed + i)
			die("%s: word %zu is %llu, not %llu", what, i,
			    (unsigned long long)me.memory[i], (unsigned long long)(seed + i));
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

static int run(void)
{
	int sockets[2], status;
	pid_t pid;

	/* Each process opens it for itself: this is only to see that it is there. */
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
		child();
		exit(0);
	}
	printf("%s connects two processes with %zu pages each:\n\n", device, pages);
	fflush(stdout);
	parent();
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process has found something wrong");
	expect("accesses by translations that were taken away", stats().stale, 0);
	printf("\nPASSED: both have in every word what they should.\n");
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
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		bad_usage("no command: give run or stat");
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
	bad_usage("'%s': no such command: give run or stat", argv[1]);
}
