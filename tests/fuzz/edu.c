// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/xmmu-edu0, for the fuzzer. The device needs 100 ms for each transfer,
 * whatever its size: jobs are mostly short, and what is queued when a file is closed never runs.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xmmu/edu.h>

#include "fuzz.h"

#define RANGE_PAGES 16

/* The place of each range, if it is known. */
static const struct place *_Atomic ranges[FILES][XMMU_EDU_IDS + 1];

/* Whether a job is to be waited for; it may be gone with its file. */
static atomic_bool jobs[FILES][XMMU_EDU_IDS + 1];

static const struct place *place_at(uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < nr_places; i++)
		if (places[i].addr == addr)
			return &places[i];
	return NULL;
}

static void fill_register(struct rng *rng, unsigned int file, void *arg)
{
	const struct place *place = places_pick(rng);
	struct xmmu_edu_register *reg = arg;

	reg->addr = place->addr;
	reg->len = place->size < RANGE_PAGES * PAGE ? place->size : RANGE_PAGES * PAGE;
}

static void registered(unsigned int file, const void *arg)
{
	const struct xmmu_edu_register *reg = arg;

	if (!reg->range || reg->range > XMMU_EDU_IDS)
		fail("register: number %u", reg->range);
	else
		atomic_store(&ranges[file][reg->range], place_at(reg->addr));
}

static void fill_id(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_edu_id *id = arg;

	id->id = 1 + rng_below(rng, XMMU_EDU_IDS);
}

static void fill_submit(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_edu_submit *submit = arg;
	const struct place *place;
	unsigned int space;

	submit->range = 1 + rng_below(rng, XMMU_EDU_IDS);
	place = atomic_load(&ranges[file][submit->range]) ?: places_pick(rng);
	space = place->size < RANGE_PAGES * PAGE ? place->size : RANGE_PAGES * PAGE;
	submit->len = 1 + rng_below(rng, rng_one_in(rng, 8) ? 2 * PAGE : 64);
	submit->addr = place->addr + rng_below(rng, space);
	submit->offset = rng_below(rng, XMMU_EDU_BUFFER);
	submit->direction = rng_below(rng, 2);
}

static void submitted(unsigned int file, const void *arg)
{
	const struct xmmu_edu_submit *submit = arg;

	if (!submit->job || submit->job > XMMU_EDU_IDS)
		fail("submit: number %u", submit->job);
	else
		atomic_store(&jobs[file][submit->job], true);
}

/* Mostly for a job that there is: few end while a fuzzer looks. */
static void fill_wait(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_edu_wait *wait = arg;
	unsigned int tries;

	for (tries = 0; tries < XMMU_EDU_IDS; tries++) {
		wait->job = 1 + rng_below(rng, XMMU_EDU_IDS);
		if (atomic_load(&jobs[file][wait->job]))
			break;
	}
	if (rng_one_in(rng, 4))
		atomic_store(&jobs[file][wait->job], false);
	if (rng_one_in(rng, 64))
		wait->timeout_ms = rng_below(rng, 30);
}

static void waited(unsigned int file, const void *arg)
{
	static const int errors[] = { 0,     ECANCELED, EFAULT,    EPERM,
				      ESRCH, ENOMEM,    ETIMEDOUT, EHWPOISON };
	const struct xmmu_edu_wait *wait = arg;
	size_t i;

	atomic_store(&jobs[file][wait->job], false);
	for (i = 0; i < array_size(errors); i++) {
		if (wait->status == -errors[i]) {
			atomic_fetch_add(&shared->jobs[errors[i]], 1);
			return;
		}
	}
	fail("a job has ended with %d", wait->status);
}

static bool register_is_wrong(const void *arg)
{
	const struct xmmu_edu_register *reg = arg;

	return reg->pad || !reg->len || reg->addr % PAGE || reg->len % PAGE ||
	       reg->addr + reg->len < reg->addr || reg->addr + reg->len > 1ULL << 47;
}

static bool id_is_wrong(const void *arg)
{
	const struct xmmu_edu_id *id = arg;

	return id->pad || !id->id || id->id > XMMU_EDU_IDS;
}

static bool submit_is_wrong(const void *arg)
{
	const struct xmmu_edu_submit *submit = arg;

	return submit->pad || submit->direction > XMMU_EDU_FROM_DEVICE || !submit->len ||
	       submit->len > XMMU_EDU_JOB_MAX || submit->offset >= XMMU_EDU_BUFFER ||
	       !submit->range || submit->range > XMMU_EDU_IDS || submit->addr >> 47;
}

static bool wait_is_wrong(const void *arg)
{
	const struct xmmu_edu_wait *wait = arg;

	return !wait->job || wait->job > XMMU_EDU_IDS;
}

static const struct command commands[] = {
	{
		.name = "info",
		.number = XMMU_EDU_INFO,
		.weight = 4,
		.errors = ERRORS(0),
	},
	{
		.name = "stats",
		.number = XMMU_EDU_STATS,
		.weight = 4,
		.errors = ERRORS(0),
	},
	{
		.name = "register",
		.number = XMMU_EDU_REGISTER,
		.weight = 20,
		.fill = fill_register,
		.is_wrong = register_is_wrong,
		.accepted = registered,
		.errors = ERRORS(EINVAL, EBUSY, EXDEV, EINTR, ESRCH),
	},
	{
		.name = "unregister",
		.number = XMMU_EDU_UNREGISTER,
		.weight = 10,
		.fill = fill_id,
		.is_wrong = id_is_wrong,
		.errors = ERRORS(EINVAL, ENOENT),
	},
	{
		.name = "submit",
		.number = XMMU_EDU_SUBMIT,
		.weight = 20,
		.fill = fill_submit,
		.is_wrong = submit_is_wrong,
		.accepted = submitted,
		.errors = ERRORS(EINVAL, ENOENT, EBUSY, EXDEV),
	},
	{
		.name = "wait",
		.number = XMMU_EDU_WAIT,
		.weight = 3,
		.fill = fill_wait,
		.is_wrong = wait_is_wrong,
		.accepted = waited,
		.errors = ERRORS(ENOENT, ETIMEDOUT, EINTR),
		.past = ETIMEDOUT,
	},
	{
		.name = "cancel",
		.number = XMMU_EDU_CANCEL,
		.weight = 3,
		.fill = fill_id,
		.is_wrong = id_is_wrong,
		.errors = ERRORS(EINVAL, ENOENT),
	},
};

static bool copy(int fd, unsigned int range, char *memory, unsigned int direction)
{
	struct xmmu_edu_submit submit = {
		.addr = (uintptr_t)memory,
		.len = PAGE,
		.range = range,
		.direction = direction,
	};
	struct xmmu_edu_wait wait = { .timeout_ms = 60000 };

	if (ioctl(fd, XMMU_EDU_SUBMIT, &submit))
		return false;
	wait.job = submit.job;
	return !ioctl(fd, XMMU_EDU_WAIT, &wait) && !wait.status && wait.done == PAGE;
}

/* A page goes to the device and comes back; the device is not cut off. */
static bool works(int fd)
{
	char *memory =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xmmu_edu_register reg = { .addr = (uintptr_t)memory, .len = 2 * PAGE };
	struct xmmu_edu_info info;
	bool same;

	memset(memory + 1, 0x3c, PAGE - 1);
	same = !ioctl(fd, XMMU_EDU_REGISTER, &reg) &&
	       copy(fd, reg.range, memory, XMMU_EDU_TO_DEVICE) &&
	       copy(fd, reg.range, memory + PAGE, XMMU_EDU_FROM_DEVICE) &&
	       !memcmp(memory + 1, memory + PAGE + 1, PAGE - 1);
	munmap(memory, 2 * PAGE);
	return same && !ioctl(fd, XMMU_EDU_INFO, &info) && !info.flags;
}

const struct target edu_target = {
	.name = "edu",
	.device = "/dev/xmmu-edu0",
	.module = "edu",
	.type = XMMU_EDU_IOC,
	.commands = commands,
	.nr_commands = array_size(commands),
	.works = works,
	.most = &commands[4],
	.min_most = 200,
};
