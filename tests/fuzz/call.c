// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call of the fuzzer: what is passed, through which pointer, and whether the result is one that
 * the ABI allows. Most calls are right but for a field or two: what is all random is refused by the
 * first check and finds nothing behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

struct shared *shared;
const struct target *target;
atomic_int victim;
atomic_int files[FILES];

/* splitmix64: any seed is good, and its state is a word. */
uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *rng, unsigned int limit)
{
	return (rng_next(rng) >> 32) * limit >> 32;
}

bool rng_one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}

/* The first ones are kept. Without stdio's locks: a child of a process with threads calls it. */
void fail(const char *format, ...)
{
	unsigned int n = atomic_fetch_add(&shared->nr_failures, 1);
	va_list args;

	if (n >= FAILURES_MAX)
		return;
	va_start(args, format);
	vsnprintf(shared->failures[n].text, sizeof(shared->failures[n].text), format, args);
	va_end(args);
}

/* ---- files */

/* Another thread may do the same: whoever finds a file in the slot closes it. */
static void file_put(unsigned int file, int fd)
{
	int old = atomic_exchange(&files[file], fd);

	if (old >= 0)
		close(old);
}

void file_open(unsigned int file, struct rng *rng)
{
	int fd = open(target->device, O_RDWR | O_NONBLOCK | (rng_one_in(rng, 2) ? O_CLOEXEC : 0));

	if (fd < 0 && errno != ENOMEM && errno != EINTR)
		fail("open: %s", strerror(errno));
	atomic_fetch_add(&shared->opens, 1);
	file_put(file, fd);
}

void file_close(unsigned int file)
{
	file_put(file, -1);
}

/* The same context under another number. */
static void file_dup(unsigned int file)
{
	int fd = atomic_exchange(&files[file], -1);
	int copy = dup(fd);

	if (fd >= 0)
		close(fd);
	file_put(file, copy);
}

/* ---- arguments */

static const struct command *pick_command(struct rng *rng)
{
	unsigned int i, total = 0, n;

	for (i = 0; i < target->nr_commands; i++)
		total += target->commands[i].weight;
	/* One in 32 is a command that does not exist. */
	n = rng_below(rng, total + total / 32);
	for (i = 0; i < target->nr_commands; i++) {
		if (n < target->commands[i].weight)
			return &target->commands[i];
		n -= target->commands[i].weight;
	}
	return NULL;
}

static const struct command *find_command(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < target->nr_commands; i++)
		if (target->commands[i].number == number)
			return &target->commands[i];
	return NULL;
}

/* A number that is none: of a known one with another size or direction, or all random. */
static unsigned int unknown_number(struct rng *rng)
{
	unsigned int number;

	do {
		number = target->commands[rng_below(rng, target->nr_commands)].number;
		switch (rng_below(rng, 3)) {
		case 0:
			number ^= 1U << (16 + rng_below(rng, 16));
			break;
		case 1:
			number ^= 1U << rng_below(rng, 8);
			break;
		default:
			/* Of other types there are commands that the kernel has for all files. */
			number = (uint32_t)rng_next(rng);
			number = (number & ~(0xffU << 8)) | target->type << 8;
		}
	} while (find_command(number));
	return number;
}

static void fill_random(struct rng *rng, uint32_t *words, size_t count)
{
	while (count--)
		*words++ = rng_next(rng);
}

static void mutate_word(struct rng *rng, uint32_t *word)
{
	switch (rng_below(rng, 7)) {
	case 0:
		*word = rng_next(rng);
		break;
	case 1:
		*word ^= 1U << rng_below(rng, 32);
		break;
	case 2:
		*word = 0;
		break;
	case 3:
		*word = UINT32_MAX;
		break;
	case 4:
		*word += rng_one_in(rng, 2) ? PAGE : -PAGE;
		break;
	case 5:
		*word += rng_one_in(rng, 2) ? 1 : -1;
		break;
	default:
		*word = 1U << rng_below(rng, 32);
	}
}

static void make_argument(struct rng *rng, const struct command *command, unsigned int file,
			  uint32_t *words, size_t count)
{
	unsigned int i;

	memset(words, 0, count * sizeof(*words));
	if (!command || rng_one_in(rng, 32)) {
		fill_random(rng, words, count);
		return;
	}
	if (command->fill)
		command->fill(rng, file, words);
	if (count && rng_one_in(rng, 4))
		for (i = 1 + rng_below(rng, 2); i; i--)
			mutate_word(rng, &words[rng_below(rng, count)]);
}

/* ---- pointers */

enum where {
	HERE,    /* our own buffer: it can be read and written */
	NOWHERE, /* nobody can read it */
	ANYWHERE,
};

/*
 * By way of the shared file: unlike a store, that does not kill the process if there is nothing,
 * and takes no new file, whose number might be one that others are just about to use.
 */
static void put(void *pointer, const void *bytes, size_t size)
{
	off_t offset = sizeof(*shared) + gettid() % 64 * ARGUMENT_MAX;

	if (pwrite(SHARED_FD, bytes, size, offset) != (ssize_t)size)
		fail("writing to the shared file: %s", strerror(errno));
	if (pread(SHARED_FD, pointer, size, offset) < 0 && errno != EFAULT && errno != EINTR)
		fail("reading from the shared file: %s", strerror(errno));
}

/* Where the argument lies; it is put there if it can. */
static enum where choose_pointer(struct rng *rng, void **pointer, const void *argument, size_t size)
{
	const struct place *place = places_pick(rng);
	uint64_t offset;

	if (!size || !rng_one_in(rng, 8))
		return HERE;
	switch (rng_below(rng, 3)) {
	case 0:
		offset = 0;
		break;
	case 1:
		offset = rng_below(rng, place->size - size + 1);
		break;
	default: /* over the end */
		*pointer = (void *)(uintptr_t)(place->addr + place->size - size / 2);
		return ANYWHERE;
	}
	*pointer = (void *)(uintptr_t)(place->addr + offset);
	if (place->flags & PLACE_BAD)
		return NOWHERE;
	if (!(place->flags & PLACE_FIXED))
		put(*pointer, argument, size);
	return ANYWHERE;
}

/* ---- results */

static bool may_fail_with(const struct command *command, enum where where, int error)
{
	static const int always[] = { ENOMEM, EBADF };
	const int *known;
	size_t i;

	if (error == EFAULT && where != HERE)
		return true;
	if (!command)
		return error == ENOTTY || error == EBADF;
	for (i = 0; i < array_size(always); i++)
		if (always[i] == error)
			return true;
	for (known = command->errors; *known; known++)
		if (*known == error)
			return true;
	return error == EFAULT && command->may_fault;
}

static void judge(const struct command *command, unsigned int number, enum where where, bool wrong,
		  const uint32_t *words, int error)
{
	const char *name = command ? command->name : "unknown";
	const char *why = NULL;

	if (error && !may_fail_with(command, where, error))
		why = "must not fail so";
	else if (!error && (!command || wrong))
		why = "must not be accepted";
	else if (!error && where == NOWHERE)
		why = "has read an argument that is nowhere";
	if (why)
		fail("%s (%#x): error %d %s; it began %#x %#x %#x %#x %#x %#x", name, number, error,
		     why, words[0], words[1], words[2], words[3], words[4], words[5]);
}

static void count(const struct command *command, int error)
{
	size_t i = command ? (size_t)(command - target->commands) : target->nr_commands;

	atomic_fetch_add(&shared->calls, 1);
	atomic_fetch_add(&shared->results[i][error < ERRNO_MAX ? error : 0], 1);
}

static void fuzz_ioctl(struct rng *rng, unsigned int file)
{
	const struct command *command = pick_command(rng);
	unsigned int number = command ? command->number : unknown_number(rng);
	uint32_t words[ARGUMENT_MAX / sizeof(uint32_t)] = {};
	uint32_t given[array_size(words)];
	size_t size = command ? _IOC_SIZE(number) : ARGUMENT_MAX;
	void *pointer = words;
	enum where where;
	bool wrong;
	int error;

	make_argument(rng, command, file, words, size / sizeof(*words));
	memcpy(given, words, sizeof(given));
	where = choose_pointer(rng, &pointer, words, size);
	wrong = command && where == HERE && command->is_wrong && command->is_wrong(words);
	error = ioctl(atomic_load(&files[file]), number, pointer) < 0 ? errno : 0;
	judge(command, number, where, wrong, given, error);
	count(command, error);
	if (!error && !wrong && command && where == HERE && command->accepted)
		command->accepted(file, words);
}

static void fuzz_read(struct rng *rng, unsigned int file)
{
	static const int errors[] = { EAGAIN, EINVAL, EFAULT, EBADF, EINTR, ENODEV };
	char bytes[ARGUMENT_MAX] = {};
	void *pointer = bytes;
	size_t i, size = rng_below(rng, sizeof(bytes));

	choose_pointer(rng, &pointer, bytes, size);
	if (read(atomic_load(&files[file]), pointer, size) >= 0)
		return;
	for (i = 0; i < array_size(errors) && errors[i] != errno; i++)
		;
	if (i == array_size(errors))
		fail("read: %s", strerror(errno));
}

void fuzz_once(struct rng *rng)
{
	unsigned int file = rng_below(rng, FILES), n = rng_below(rng, 1000);
	struct pollfd pollfd = { .fd = atomic_load(&files[file]), .events = POLLIN | POLLPRI };

	if (n < 2)
		file_open(file, rng);
	else if (n < 4)
		file_dup(file);
	else if (n < 14)
		fuzz_read(rng, file);
	else if (n < 19)
		poll(&pollfd, 1, 0);
	else
		fuzz_ioctl(rng, file);
}
