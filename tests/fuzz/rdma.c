// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/xmmu-rdma, for the fuzzer. Files work in twos: queue pairs at the same place
 * of both name each other, and work of one has keys of the other. What a connection is broken by
 * makes room for the next.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xmmu/rdma.h>

#include "fuzz.h"

#define WORD    8U
#define PAIRS   4
#define REGIONS 8
#define WRITES  (XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_WRITE)
#define ALL     (WRITES | XMMU_RDMA_REMOTE_READ | XMMU_RDMA_REMOTE_ATOMIC)

/* What each file has, as far as is known: others may have taken it away, or opened another file. */
static atomic_uint pairs[FILES][PAIRS];
static volatile struct {
	uint64_t addr, len, local_key, remote_key; /* that two threads may mix up */
} regions[FILES][REGIONS];

static unsigned int partner(unsigned int file)
{
	return file ^ 1;
}

static int command(unsigned int file, unsigned long number, const void *argument)
{
	return ioctl(atomic_load(&files[file]), number, argument);
}

/* ---- regions */

static void fill_register(struct rng *rng, unsigned int file, void *arg)
{
	const struct place *place = places_pick(rng);
	struct xmmu_rdma_region *region = arg;

	region->access = rng_one_in(rng, 4) ? rng_below(rng, ALL + 1) : ALL;
	if (rng_one_in(rng, 8)) {
		region->access |= XMMU_RDMA_IMPLICIT;
		return;
	}
	region->addr = place->addr + rng_below(rng, place->size / WORD / 2) * WORD;
	region->len = place->addr + place->size - region->addr;
}

static void fill_reregister(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_region *region = arg;

	fill_register(rng, file, arg);
	region->local_key = regions[file][rng_below(rng, REGIONS)].local_key;
}

static void fill_deregister(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_deregister *deregister = arg;

	deregister->local_key = regions[file][rng_below(rng, REGIONS)].local_key;
}

/* It takes the place of another, which then goes. */
static void registered(unsigned int file, const void *arg)
{
	const struct xmmu_rdma_region *region = arg;
	struct xmmu_rdma_deregister old;
	unsigned int i = (region->local_key >> 32) % REGIONS;

	if (!region->local_key || region->local_key == region->remote_key)
		fail("register: keys %#llx and %#llx", region->local_key, region->remote_key);
	old.local_key = regions[file][i].local_key;
	regions[file][i].local_key = region->local_key;
	regions[file][i].addr = region->addr;
	regions[file][i].len = region->len;
	regions[file][i].remote_key = region->remote_key;
	command(file, XMMU_RDMA_DEREGISTER, &old);
}

/* Some bytes of a region; of the implicit one anywhere. */
static void fill_span(struct rng *rng, unsigned int file, unsigned int i, __u64 *addr, __u64 *len)
{
	const struct place *place = places_pick(rng);
	uint64_t start = regions[file][i].addr, size = regions[file][i].len, first;

	if (!size) {
		start = place->addr;
		size = place->size;
	}
	first = rng_below(rng, size / WORD);
	size = size / WORD - first;
	*addr = start + first * WORD;
	*len = (1 + rng_below(rng, size < 64 ? size : rng_one_in(rng, 16) ? size : 64)) * WORD;
}

static void fill_prefetch(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_prefetch *prefetch = arg;
	unsigned int i = rng_below(rng, REGIONS);

	prefetch->local_key = regions[file][i].local_key;
	prefetch->flags = rng_below(rng, 4);
	fill_span(rng, file, i, &prefetch->addr, &prefetch->len);
}

static bool register_is_wrong(const void *arg)
{
	const struct xmmu_rdma_region *region = arg;

	if (region->pad || region->access & ~(ALL | XMMU_RDMA_IMPLICIT))
		return true;
	if (region->access & XMMU_RDMA_IMPLICIT)
		return region->addr || region->len;
	return !region->len || (region->addr | region->len) % WORD ||
	       region->addr + region->len < region->addr || region->addr + region->len > 1ULL << 56;
}

static bool prefetch_is_wrong(const void *arg)
{
	const struct xmmu_rdma_prefetch *prefetch = arg;

	return prefetch->pad || !prefetch->len ||
	       prefetch->flags & ~(XMMU_RDMA_PREFETCH_WRITE | XMMU_RDMA_PREFETCH_ASYNC);
}

/* ---- queue pairs */

static void destroy(unsigned int file, unsigned int i)
{
	struct xmmu_rdma_pair pair = { .number = atomic_exchange(&pairs[file][i], 0) };

	command(file, XMMU_RDMA_DESTROY, &pair);
}

/* Something went wrong there: both sides begin anew. */
static void disconnect(unsigned int file, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		if (atomic_load(&pairs[file][i]) != number)
			continue;
		destroy(file, i);
		destroy(partner(file), i);
	}
}

static void name_peer(unsigned int file, unsigned int i)
{
	struct xmmu_rdma_pair pair = { .number = pairs[file][i], .peer = pairs[partner(file)][i] };

	command(file, XMMU_RDMA_CONNECT, &pair);
}

/* At an empty place, or that of another, which then goes. */
static void created(unsigned int file, const void *arg)
{
	const struct xmmu_rdma_pair *pair = arg;
	unsigned int i;

	if (!pair->number)
		fail("create: number 0");
	for (i = 0; i < PAIRS - 1 && atomic_load(&pairs[file][i]); i++)
		;
	destroy(file, i);
	atomic_store(&pairs[file][i], pair->number);
	name_peer(file, i);
	name_peer(partner(file), i);
}

static void fill_pair(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_pair *pair = arg;

	pair->number = pairs[file][rng_below(rng, PAIRS)];
}

static void fill_connect(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_pair *pair = arg;
	unsigned int i = rng_below(rng, PAIRS);

	pair->number = pairs[file][i];
	pair->peer = pairs[partner(file)][i] ?: 1 + rng_below(rng, 1000);
}

static bool pair_is_wrong(const void *arg)
{
	const struct xmmu_rdma_pair *pair = arg;

	return pair->peer || pair->state || pair->pad;
}

static bool connect_is_wrong(const void *arg)
{
	const struct xmmu_rdma_pair *pair = arg;

	return !pair->peer || pair->state || pair->pad;
}

static void queried(unsigned int file, const void *arg)
{
	const struct xmmu_rdma_pair *pair = arg;

	if (pair->state > XMMU_RDMA_ERROR)
		fail("query: state %u", pair->state);
}

/* ---- work */

/* One with a key, if there is any. */
static unsigned int pick_region(struct rng *rng, unsigned int file)
{
	unsigned int i = rng_below(rng, REGIONS), tries;

	for (tries = 0; tries < REGIONS && !regions[file][i].remote_key; tries++)
		i = (i + 1) % REGIONS;
	return i;
}

static void fill_post(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_work *work = arg;
	unsigned int here = pick_region(rng, file), there = pick_region(rng, partner(file));
	__u64 len;

	work->pair = pairs[file][rng_below(rng, PAIRS)];
	work->op = rng_below(rng, XMMU_RDMA_COMPARE_SWAP + 1);
	work->local_key = regions[file][here].local_key;
	work->remote_key = regions[partner(file)][there].remote_key;
	fill_span(rng, file, here, &work->local_addr, &work->len);
	fill_span(rng, partner(file), there, &work->remote_addr, &len);
	if (work->op >= XMMU_RDMA_FETCH_ADD)
		work->len = WORD;
	else if (len < work->len)
		work->len = len;
	work->value = rng_below(rng, 4);
	work->expected = rng_below(rng, 4);
	work->cookie = work->op;
}

static bool is_known_error(int error)
{
	static const int errors[] = { 0,     ENOKEY,    ERANGE, EACCES, EFAULT,
				      EPERM, EHWPOISON, ENOMEM, ESRCH,  EIO };
	size_t i;

	for (i = 0; i < array_size(errors); i++)
		if (error == -errors[i])
			return true;
	return false;
}

static void judge_done(unsigned int file, const struct xmmu_rdma_completion *done)
{
	bool explained = done->status == XMMU_RDMA_LOCAL_PROTECTION ||
			 done->status == XMMU_RDMA_REMOTE_ACCESS ||
			 done->status == XMMU_RDMA_DEVICE;

	if (done->status > XMMU_RDMA_DEVICE || done->op > XMMU_RDMA_COMPARE_SWAP ||
	    !is_known_error(done->error) || explained != !!done->error) {
		fail("work %u has ended with status %u, error %d", done->op, done->status,
		     done->error);
		return;
	}
	atomic_fetch_add(&shared->jobs[done->status == XMMU_RDMA_FLUSHED ? ECANCELED :
				       done->status == XMMU_RDMA_LENGTH  ? EMSGSIZE :
									   -done->error],
			 1);
	if (done->status)
		disconnect(file, done->pair);
}

/* All files are non-blocking. */
static void posted(unsigned int file, const void *arg)
{
	struct xmmu_rdma_completion done;

	while (read(atomic_load(&files[file]), &done, sizeof(done)) == sizeof(done))
		judge_done(file, &done);
}

static bool post_is_wrong(const void *arg)
{
	const struct xmmu_rdma_work *work = arg;

	return work->op > XMMU_RDMA_COMPARE_SWAP || !work->len || work->len > 1ULL << 48 ||
	       (work->local_addr | work->remote_addr | work->len) % WORD ||
	       (work->op >= XMMU_RDMA_FETCH_ADD && work->len != WORD);
}

/* As long as threads run, nobody takes a number that may be that of a file a moment later. */
#define EVENT_FD (SHARED_FD + 1)

static void prepare(void)
{
	int event = eventfd(0, EFD_NONBLOCK);

	dup2(event, EVENT_FD);
	close(event);
}

static void fill_eventfd(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_rdma_eventfd *event = arg;

	event->fd = rng_one_in(rng, 4) ? -1 : EVENT_FD;
}

static bool eventfd_is_wrong(const void *arg)
{
	const struct xmmu_rdma_eventfd *event = arg;

	return event->pad;
}

/* Each of them attaches if it is the first, which a signal may interrupt. */
static const struct command commands[] = {
	{
		.name = "post",
		.number = XMMU_RDMA_POST,
		.weight = 40,
		.fill = fill_post,
		.is_wrong = post_is_wrong,
		.accepted = posted,
		.errors = ERRORS(EINVAL, ENOENT, ENOTCONN, EAGAIN, EXDEV, EINTR),
		.past = EAGAIN,
	},
	{
		.name = "register",
		.number = XMMU_RDMA_REGISTER,
		.weight = 10,
		.fill = fill_register,
		.is_wrong = register_is_wrong,
		.accepted = registered,
		.errors = ERRORS(EINVAL, EEXIST, ENOSPC, EXDEV, EINTR),
	},
	{
		.name = "deregister",
		.number = XMMU_RDMA_DEREGISTER,
		.weight = 3,
		.fill = fill_deregister,
		.errors = ERRORS(ENOENT, EXDEV, EINTR),
	},
	{
		.name = "reregister",
		.number = XMMU_RDMA_REREGISTER,
		.weight = 3,
		.fill = fill_reregister,
		.is_wrong = register_is_wrong,
		.accepted = registered,
		.errors = ERRORS(EINVAL, EEXIST, ENOSPC, ENOENT, EXDEV, EINTR),
	},
	{
		.name = "prefetch",
		.number = XMMU_RDMA_PREFETCH,
		.weight = 8,
		.may_fault = true,
		.fill = fill_prefetch,
		.is_wrong = prefetch_is_wrong,
		.errors = ERRORS(EINVAL, ENOENT, EACCES, E2BIG, EPERM, EHWPOISON, EIO, ESRCH,
				 ETIMEDOUT, EXDEV, EINTR),
	},
	{
		.name = "create",
		.number = XMMU_RDMA_CREATE,
		.weight = 20,
		.is_wrong = pair_is_wrong,
		.accepted = created,
		.errors = ERRORS(EINVAL, ENOSPC, EXDEV, EINTR),
	},
	{
		.name = "connect",
		.number = XMMU_RDMA_CONNECT,
		.weight = 10,
		.fill = fill_connect,
		.is_wrong = connect_is_wrong,
		.errors = ERRORS(EINVAL, ENOENT, EBUSY, EXDEV, EINTR),
		.past = EBUSY,
	},
	{
		.name = "query",
		.number = XMMU_RDMA_QUERY,
		.weight = 3,
		.fill = fill_pair,
		.accepted = queried,
		.errors = ERRORS(EINVAL, ENOENT, EXDEV, EINTR),
	},
	{
		.name = "destroy",
		.number = XMMU_RDMA_DESTROY,
		.weight = 1,
		.fill = fill_pair,
		.is_wrong = pair_is_wrong,
		.errors = ERRORS(EINVAL, ENOENT, EXDEV, EINTR),
	},
	{
		.name = "eventfd",
		.number = XMMU_RDMA_EVENTFD,
		.weight = 2,
		.fill = fill_eventfd,
		.is_wrong = eventfd_is_wrong,
		.errors = ERRORS(EINVAL, EBADF, EXDEV, EINTR),
	},
	{
		.name = "stats",
		.number = XMMU_RDMA_STATS,
		.weight = 2,
		.errors = ERRORS(EXDEV, EINTR),
	},
};

/* ---- a right program */

static unsigned int make_pair(int fd)
{
	struct xmmu_rdma_pair pair = {};

	return ioctl(fd, XMMU_RDMA_CREATE, &pair) ? 0 : pair.number;
}

static bool connects(int fd, unsigned int number, unsigned int peer)
{
	return !ioctl(fd, XMMU_RDMA_CONNECT,
		      &(struct xmmu_rdma_pair){ .number = number, .peer = peer });
}

static bool runs(int fd, const struct xmmu_rdma_work *work)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct xmmu_rdma_completion done;

	return !ioctl(fd, XMMU_RDMA_POST, work) && poll(&pollfd, 1, 60000) == 1 &&
	       read(fd, &done, sizeof(done)) == sizeof(done) && !done.status;
}

/* One half of memory is written to the other; and nothing that the device did before was stale. */
static bool works(int fd)
{
	size_t words = 16 * PAGE / WORD, i;
	uint64_t *memory = aligned_alloc(PAGE, 2 * words * WORD);
	unsigned int one = make_pair(fd), other = make_pair(fd);
	struct xmmu_rdma_region region = {
		.addr = (uintptr_t)memory,
		.len = 2 * words * WORD,
		.access = ALL,
	};
	struct xmmu_rdma_stats stats;
	bool same;

	for (i = 0; i < 2 * words; i++)
		memory[i] = i < words ? i : 0;
	same = !ioctl(fd, XMMU_RDMA_REGISTER, &region) && connects(fd, one, other) &&
	       connects(fd, other, one) &&
	       runs(fd, &(struct xmmu_rdma_work){
				.pair = one,
				.op = XMMU_RDMA_WRITE,
				.local_addr = (uintptr_t)memory,
				.local_key = region.local_key,
				.remote_addr = (uintptr_t)(memory + words),
				.remote_key = region.remote_key,
				.len = words * WORD,
			});
	for (i = 0; i < words; i++)
		same &= memory[words + i] == i;
	free(memory);
	return same && !ioctl(fd, XMMU_RDMA_STATS, &stats) && !stats.stale;
}

const struct target rdma_target = {
	.name = "rdma",
	.device = "/dev/xmmu-rdma",
	.module = "rdma",
	.type = 'R',
	.commands = commands,
	.nr_commands = array_size(commands),
	.prepare = prepare,
	.works = works,
	.most = &commands[0],
	.min_most = 200,
};
