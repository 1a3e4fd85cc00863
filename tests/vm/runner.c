// SPDX-License-Identifier: GPL-2.0-only
/*
 * runner: run a plan of test programs and write their results as KTAP.
 *
 * A plan has one line per program: id, time limit in seconds, expected kernel message (an
 * extended regular expression, or "-") and a shell command, separated by tabs. The output of a
 * program, plain TAP, becomes a KTAP subtest; what is wrong with the program as a whole (exit
 * status, time limit, kernel messages) is said on its own result line. The line "# end of run"
 * comes last: whoever reads the results takes a run without it for a failed one.
 *
 * The expected message must come, unless the program has skipped everything. A program that begins
 * when an earlier report has turned lockdep off fails, unless it expects a message.
 *
 * Without a plan it prints what is wrong with what the kernel has logged since the log was cleared.
 *
 * Used inside the guest (with -k, -b and -r) and on the host for unit and meta tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TESTS 512
#define MAX_REGEX 64
/* A killed program that sits in the kernel must not stop the run: it is left behind. */
#define KILL_GRACE_MS 5000

struct test {
	char *id;
	long limit_ms;
	char *expect;
	char *command;
};

static struct test tests[MAX_TESTS];
static int nr_tests;

struct patterns {
	regex_t list[MAX_REGEX];
	int count;
};

static struct patterns bad;
static struct patterns known_races;
static int kmsg = -1;

/* The report of a race that the log is in the middle of, if it has a title. */
static struct {
	char title[256];
	bool interrupted; /* the rest of this stack is what the interrupt has found */
} race;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "runner: %s %s: %s\n", what, name, strerror(errno));
	exit(2);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void compile(regex_t *re, const char *pattern)
{
	if (regcomp(re, pattern, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "runner: '%s' is not an extended regular expression\n", pattern);
		exit(2);
	}
}

static char *read_line(FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	do {
		len = getline(&line, &size, file);
		if (len < 0) {
			free(line);
			return NULL;
		}
		line[strcspn(line, "\n")] = '\0';
	} while (line[0] == '\0' || line[0] == '#');
	return line;
}

/* What follows a tab is for who reads the file. */
static void load_patterns(const char *path, struct patterns *patterns)
{
	FILE *file = fopen(path, "r");
	char *line;

	if (!file)
		die("cannot open", path);
	while (patterns->count < MAX_REGEX && (line = read_line(file))) {
		line[strcspn(line, "\t")] = '\0';
		compile(&patterns->list[patterns->count++], line);
		free(line);
	}
	fclose(file);
}

static bool matches(const struct patterns *patterns, const char *text)
{
	int i;

	for (i = 0; i < patterns->count; i++)
		if (!regexec(&patterns->list[i], text, 0, NULL, 0))
			return true;
	return false;
}

static void load_plan(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line;

	if (!file)
		die("cannot open", path);
	while (nr_tests < MAX_TESTS && (line = read_line(file))) {
		struct test *t = &tests[nr_tests++];
		char *limit;

		t->id = strsep(&line, "\t");
		limit = strsep(&line, "\t");
		t->expect = strsep(&line, "\t");
		t->command = line;
		if (!t->command || atoi(limit) <= 0) {
			fprintf(stderr, "runner: %s: bad plan line of '%s'\n", path, t->id);
			exit(2);
		}
		t->limit_ms = atol(limit) * 1000;
	}
	fclose(file);
}

/* The plan of a program that is skipped as a whole. */
static const char no_tests[] = "1..0";

/* What has been printed of a program's output. */
struct output {
	size_t column;
	size_t matched; /* characters of no_tests that begin this line */
	bool skipped;
};

/* Print what a program writes, indented, line by line. */
static void print_output(const char *buf, ssize_t len, struct output *output)
{
	ssize_t i;

	for (i = 0; i < len; i++) {
		if (!output->column)
			fputs("    ", stdout);
		if (output->matched == output->column && output->matched < strlen(no_tests))
			output->matched += buf[i] == no_tests[output->column];
		output->skipped |= output->matched == strlen(no_tests);
		output->column++;
		if (buf[i] == '\n')
			output->column = output->matched = 0;
		putchar(buf[i]);
	}
	fflush(stdout);
}

static bool drain(int fd, struct output *output)
{
	char buf[4096];
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0)
		print_output(buf, len, output);
	return len < 0;
}

static pid_t spawn(const struct test *t, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		die("cannot start", t->id);
	if (pid)
		return pid;
	setsid();
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
	execl("/bin/sh", "sh", "-c", t->command, NULL);
	_exit(127);
}

/* Ask the kernel to log where tasks are blocked, for whoever reads the console log. */
static void show_blocked(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "w", 1) != 1)
		fprintf(stderr, "runner: sysrq: %s\n", strerror(errno));
	close(fd);
}

/*
 * Wait until the program has exited or its time is up. Its descendants may hold the pipe open,
 * so the end of the output is not the end of the program.
 */
static bool wait_program(int pidfd, int out, long deadline, struct output *output)
{
	struct pollfd fds[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = out, .events = POLLIN },
	};

	for (;;) {
		long left = deadline - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			die("cannot poll", "a program");
		if (fds[1].revents && !drain(out, output))
			fds[1].fd = -1;
		if (fds[0].revents)
			return true;
	}
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * Whether a line of the report tells that the race is in our code: one of the stacks has a frame in a
 * module. The kernel has races of its own, and code that an interrupt finds has no part in them.
 */
static bool race_is_ours(const char *text)
{
	if (begins(text, "====")) {
		printf("# kernel, not ours: %s\n", race.title);
		*race.title = '\0';
	}
	if (*text != ' ')
		race.interrupted = false;
	else if (begins(text, " asm_"))
		race.interrupted = true;
	return *text == ' ' && text[strlen(text) - 1] == ']' && !race.interrupted;
}

/* Print what fails a program. */
static bool complain(const char *text)
{
	printf("# kernel: %s\n", text);
	return true;
}

/* Whether a line of the log means trouble. */
static bool is_trouble(const char *text)
{
	if (begins(text, "BUG: KCSAN: ")) {
		snprintf(race.title, sizeof(race.title), "%s",
			 matches(&known_races, text) ? "" : text);
		return false;
	}
	if (*race.title && race_is_ours(text)) {
		complain(race.title);
		*race.title = '\0';
		return true;
	}
	return matches(&bad, text) && complain(text);
}

/* Read what the kernel has logged since the last call; true if a line means trouble. */
static bool scan_kmsg(const char *expect, bool *expected_seen)
{
	bool hit = false;
	regex_t planted;
	char record[8192];
	ssize_t len;

	if (expect)
		compile(&planted, expect);
	for (;;) {
		char *text;

		len = read(kmsg, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text++;
		text[strcspn(text, "\n")] = '\0';
		if (expect && !regexec(&planted, text, 0, NULL, 0)) {
			*expected_seen = true;
			continue;
		}
		hit |= is_trouble(text);
	}
	if (expect)
		regfree(&planted);
	return hit;
}

/* One report of lockdep is its last, and other reports end it, too. */
static bool lockdep_is_off(void)
{
	FILE *file = fopen("/proc/lockdep_stats", "r");
	bool off = false;
	char line[256];
	int on;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		off |= sscanf(line, " debug_locks: %d", &on) == 1 && !on;
	fclose(file);
	return off;
}

static void run_test(int number, const struct test *t)
{
	const char *expect = strcmp(t->expect, "-") ? t->expect : NULL;
	struct output output = {};
	bool unwatched = kmsg >= 0 && !expect && lockdep_is_off();
	bool finished, expected_seen = false, hit = false;
	long start = now_ms();
	char why[128] = "";
	int pipefd[2], pidfd, status = 0;
	pid_t pid;

	printf("    KTAP version 1\n    # Subtest: %s\n", t->id);
	fflush(stdout);
	if (pipe2(pipefd, O_CLOEXEC))
		die("no pipe for", t->id);
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	pid = spawn(t, pipefd[1]);
	close(pipefd[1]);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		die("no pidfd for", t->id);

	finished = wait_program(pidfd, pipefd[0], start + t->limit_ms, &output);
	if (!finished) {
		if (kmsg >= 0)
			show_blocked();
		snprintf(why, sizeof(why), " # time limit of %ld s", t->limit_ms / 1000);
	}
	kill(-pid, SIGKILL);
	if (wait_program(pidfd, pipefd[0], now_ms() + KILL_GRACE_MS, &output))
		waitpid(pid, &status, 0);
	else
		snprintf(why, sizeof(why), " # time limit of %ld s, and it cannot be killed",
			 t->limit_ms / 1000);
	drain(pipefd[0], &output);
	if (output.column)
		putchar('\n');
	close(pipefd[0]);
	close(pidfd);

	if (kmsg >= 0)
		hit = scan_kmsg(expect, &expected_seen);
	if (!*why && WIFSIGNALED(status))
		snprintf(why, sizeof(why), " # killed by signal %d", WTERMSIG(status));
	else if (!*why && hit)
		snprintf(why, sizeof(why), " # kernel messages");
	else if (!*why && kmsg >= 0 && expect && !expected_seen && !output.skipped)
		snprintf(why, sizeof(why), " # no kernel message like '%.60s'", expect);
	else if (!*why && unwatched)
		snprintf(why, sizeof(why), " # lockdep is off since an earlier report");
	else if (!*why && status)
		snprintf(why, sizeof(why), " # exit status %d", WEXITSTATUS(status));

	printf("# time %s %.2f\n", t->id, (double)(now_ms() - start) / 1000);
	printf("%s %d %s%s\n", *why ? "not ok" : "ok", number, t->id, why);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int opt, i;

	while ((opt = getopt(argc, argv, "k:b:r:")) != -1) {
		if (opt == 'b')
			load_patterns(optarg, &bad);
		else if (opt == 'r')
			load_patterns(optarg, &known_races);
		else if (opt != 'k')
			return 2;
		else if ((kmsg = open(optarg, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
			die("cannot open", optarg);
	}
	if (optind == argc && kmsg >= 0) {
		lseek(kmsg, 0, SEEK_DATA);
		return scan_kmsg(NULL, NULL);
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: runner [-k KMSG -b PATTERNS -r RACES] [PLAN]\n");
		return 2;
	}
	load_plan(argv[optind]);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);

	printf("KTAP version 1\n1..%d\n", nr_tests);
	for (i = 0; i < nr_tests; i++)
		run_test(i + 1, &tests[i]);
	printf("# end of run\n");
	return 0;
}
