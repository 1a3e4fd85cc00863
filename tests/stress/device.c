// SPDX-License-Identifier: GPL-2.0-only
/* The device's side: contexts of xmmu_test that populate, access and transfer in threads. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

#define WALK_MAX 32

enum {
	WALK_WRITE,
	WALK_READ,
	WALK_SNAPSHOT,
	WALK_NOWAIT,
	ACCESS,
	MOVE_OUT,
	MOVE_IN,
	ATTACH,
	DETACH,
	INSERT,
	REMOVE,
	ZAP,
	KEEP_DIRTY,
};

/* Errors that hostility explains. The device is never cut off, so -EIO is not one of them. */
static bool is_expected(int ret)
{
	static const int expected[] = { EFAULT, EPERM, EAGAIN, ESRCH, ENOENT, ENOMEM, ETIMEDOUT };
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (ret == -expected[i])
			return true;
	}
	return !ret;
}

/* ---- calls of the module */

int device_call(int fd, unsigned long cmd, void *arg)
{
	return call(ioctl(fd, cmd, arg));
}

int device_open(bool cloexec)
{
	int fd = open(XT_DEVICE, O_RDWR | (cloexec ? O_CLOEXEC : 0));

	if (fd < 0)
		die(XT_DEVICE);
	return fd;
}

int device_attach(int fd, const struct xt_attach *attach)
{
	return device_call(fd, XT_IOC_ATTACH, (void *)attach);
}

int device_set(int fd, unsigned int what, unsigned int value)
{
	return device_call(fd, XT_IOC_SET, &(struct xt_set){ .what = what, .value = value });
}

int device_stamps(int fd, const char *start, size_t pages, unsigned int page)
{
	struct xt_stamps request = { .start = (uintptr_t)start,
				     .end = (uintptr_t)start + pages * PAGE,
				     .page = page };

	return device_call(fd, XT_IOC_STAMPS, &request);
}

/* The id of a new range, or an error. */
int device_insert(int fd, const char *start, size_t pages)
{
	struct xt_range range = { .start = (uintptr_t)start,
				  .end = (uintptr_t)start + pages * PAGE };
	int ret = device_call(fd, XT_IOC_INSERT, &range);

	return ret ?: (int)range.id;
}

int device_walk(int fd, int id, const char *start, size_t pages, unsigned int flags)
{
	struct xt_walk walk = { .id = id,
				.start = (uintptr_t)start,
				.end = (uintptr_t)start + pages * PAGE,
				.flags = flags,
				.mode = pick(2) ? XT_LOOP : XT_ONE_CALL };

	return device_call(fd, XT_IOC_WALK, &walk);
}

/* Check what there is, and leave the device's stamp where it may. How many pages, or an error. */
int device_access(int fd, int id, const char *start, size_t pages, bool tlb)
{
	struct xt_access access = { .id = id,
				    .start = (uintptr_t)start,
				    .end = (uintptr_t)start + pages * PAGE,
				    .op = XT_STAMP,
				    .tlb = tlb };
	int ret = device_call(fd, XT_IOC_ACCESS, &access);

	return ret ?: (int)access.done;
}

static int move(int fd, int id, const char *addr, bool to_device)
{
	struct xt_move request = {
		.id = id, .addr = (uintptr_t)addr, .to_device = to_device, .us = pick(500)
	};

	return device_call(fd, XT_IOC_MOVE, &request);
}

/* ---- contexts */

/*
 * Two devices that map the same page for DMA, and one of them to write, are what DMA_API_DEBUG warns
 * of: each has memory of its own.
 */
#define DMA_LEAF (THP | EXT4 | HUGETLB | MERGED | UFFD)
#define DMA_XFER (ANON | SHMEM)

static struct device {
	unsigned int on; /* kinds of memory */
	struct xt_attach attach;
	unsigned int flush;
	unsigned int flush_ms;
	int fd;
	_Atomic int ids[16]; /* by region; what is gone gives an error */
} devices[] = {
	{ .on = EVERY, .attach = { .policy = XT_REFUSE }, .flush = XT_FLUSH_DELAY, .flush_ms = 1 },
	{ .on = DMA_LEAF,
	  .attach = { .policy = XT_TRYLOCK, .dma = XT_DMA_LEAF },
	  .flush = XT_FLUSH_DELAY,
	  .flush_ms = 1 },
	{ .on = EVERY, .attach = { .policy = XT_ATOMIC }, .flush = XT_FLUSH_NOW },
	{ .on = DMA_XFER,
	  .attach = { .policy = XT_REFUSE, .dma = XT_DMA_XFER },
	  .flush = XT_FLUSH_IRQ },
};

#define NR_DEVICES ((int)(sizeof(devices) / sizeof(devices[0])))

static void count(int op, int ret)
{
	op_result(&device_table.ops[op], ret);
	if (!is_expected(ret)) {
		errno = -ret;
		die(device_table.ops[op].name);
	}
}

static void insert(struct device *device, int i)
{
	int id = device_insert(device->fd, regions[i].base, regions[i].pages);

	count(INSERT, id < 0 ? id : 0);
	device->ids[i] = id < 0 ? 0 : id;
}

static bool works_in(const struct device *device, int i)
{
	return !regions[i].absent && regions[i].kind & device->on;
}

static void attach(struct device *device)
{
	int ret = device_attach(device->fd, &device->attach), i;

	count(ATTACH, ret);
	for (i = 0; !ret && i < nr_regions; i++) {
		if (works_in(device, i))
			insert(device, i);
	}
}

static void detach(struct device *device)
{
	int i;

	count(DETACH, device_call(device->fd, XT_IOC_DETACH, NULL));
	/* The ids are forgotten, so that the ranges are freed. */
	for (i = 0; i < nr_regions; i++)
		device_call(device->fd, XT_IOC_REMOVE, &(struct xt_range){ .id = device->ids[i] });
}

static void replace(struct device *device, int i)
{
	count(REMOVE,
	      device_call(device->fd, XT_IOC_REMOVE, &(struct xt_range){ .id = device->ids[i] }));
	insert(device, i);
}

static void zap(struct device *device, int i)
{
	size_t page = pick(regions[i].pages);
	struct xt_range range = { .id = device->ids[i],
				  .start = (uintptr_t)regions[i].base + page * PAGE };

	range.end = range.start + (1 + pick(regions[i].pages - page)) * PAGE;
	count(ZAP, device_call(device->fd, XT_IOC_ZAP, &range));
}

/* A region that there is, and that the device works in. */
static int pick_region(const struct device *device)
{
	int i;

	do {
		i = pick(nr_regions);
	} while (!works_in(device, i));
	return i;
}

static void transfer(struct device *device, int id, const char *addr)
{
	count(MOVE_OUT, move(device->fd, id, addr, true));
	count(MOVE_IN, move(device->fd, id, addr, false));
}

/* Where the device works next: often where others destroy the same pages at the same time. */
static struct span pick_pages(const struct device *device, int *index)
{
	int i = pick(3) || !works_in(device, 0) ? pick_region(device) : 0;
	const struct region *region = &regions[i];
	size_t first = i ? pick(region->pages) : 0, pages = 1 + pick(WALK_MAX);

	if (first + pages > region->pages || !pick(100))
		pages = region->pages - first;
	*index = i;
	return (struct span){ .addr = region->base + first * PAGE, .pages = pages };
}

static void walk(struct device *device)
{
	static const unsigned int flags[] = { [WALK_WRITE] = XT_WRITE,
					      [WALK_READ] = 0,
					      [WALK_SNAPSHOT] = XT_SNAPSHOT,
					      [WALK_NOWAIT] = XT_NOWAIT };
	int op = pick(2) ? WALK_WRITE : pick(4), i, id, ret;
	struct span span = pick_pages(device, &i);

	id = device->ids[i];
	ret = device_walk(device->fd, id, span.addr, op == WALK_NOWAIT ? 1 : span.pages, flags[op]);
	count(op, ret);
	if (ret == -ENOENT || ret == -ESRCH) {
		/* Taken away for a moment. */
		nap_us(2000);
		return;
	}
	ret = device_access(device->fd, id, span.addr, span.pages, true);
	count(ACCESS, ret > 0 ? 0 : ret ?: -ENOENT);
	if (device->attach.dma == XT_DMA_XFER)
		transfer(device, id, span.addr);
}

static void walker(void *arg)
{
	while (running()) {
		walk(arg);
		nap_us(pick(300));
	}
}

/* Takes away from the others what they are working with. */
static void churner(void *arg)
{
	struct device *device;

	while (running()) {
		device = &devices[pick(NR_DEVICES)];
		switch (pick(8)) {
		case 0:
			detach(device);
			nap_us(pick(2000));
			attach(device);
			break;
		case 1:
			replace(device, pick_region(device));
			break;
		default:
			zap(device, pick_region(device));
		}
		nap_us(pick(30000));
	}
}

static void start(struct device *device)
{
	device->fd = device_open(true);
	device_set(device->fd, XT_FLUSH_MODE, device->flush);
	device_set(device->fd, XT_FLUSH_MS, device->flush_ms);
	device_stamps(device->fd, ARENA, nr_regions * REGION_SIZE / PAGE, 0);
	attach(device);
	device_set(device->fd, XT_BUSY_US, BUSY_US);
	if (device_set(device->fd, XT_AGENT, AGENT_US))
		die("the device's agent");
	start_thread(walker, device);
}

void devices_start(void)
{
	int i;

	for (i = 0; i < NR_DEVICES; i++)
		start(&devices[i]);
	start_thread(churner, NULL);
}

long device_left, device_faults;

/* All memory is unmapped: the device must have forgotten it, and have nothing to confirm. */
static void look_for_rests(const struct device *device)
{
	struct xt_stats stats = {};
	struct xt_query query;
	int i;

	for (i = 0; i < nr_regions; i++) {
		query = (struct xt_query){ .id = device->ids[i],
					   .start = (uintptr_t)regions[i].base,
					   .end = (uintptr_t)regions[i].base +
						  regions[i].pages * PAGE };
		device_call(device->fd, XT_IOC_QUERY, &query);
		device_left += query.present + query.tlb;
	}
	device_call(device->fd, XT_IOC_STATS, &stats);
	device_left += stats.pending;
	device_faults += stats.stale + stats.late + stats.bad_leaves;
}

void devices_stop(void)
{
	int i;

	for (i = 0; i < NR_DEVICES; i++) {
		device_set(devices[i].fd, XT_AGENT, 0);
		look_for_rests(&devices[i]);
		detach(&devices[i]);
		close(devices[i].fd);
	}
}

struct xt_totals device_totals(void)
{
	struct xt_totals totals;
	int fd = device_open(true);

	if (device_call(fd, XT_IOC_TOTALS, &totals))
		die("the module's totals");
	close(fd);
	return totals;
}

/* ---- what the device has written stays */

/*
 * MADV_FREE says that pages may be dropped unless they are written to again: here only the device
 * does so, and its word must come back from the swap.
 */
static int free_and_write(int fd, int id, const struct span *span)
{
	int ret = call(madvise(span->addr, span->size, MADV_FREE));

	if (!ret)
		ret = device_walk(fd, id, span->addr, span->pages, XT_WRITE);
	if (ret)
		return ret;
	if (device_access(fd, id, span->addr, span->pages, false) != (int)span->pages)
		return -EAGAIN;
	span_keep(span, XT_WORD_DEVICE);
	return call(madvise(span->addr, span->size, MADV_PAGEOUT));
}

static int keep_dirty(struct op *op, struct span *span)
{
	int fd = device_open(true), id, ret;
	uint32_t before[HUGE_LEN];

	device_stamps(fd, ARENA, nr_regions * REGION_SIZE / PAGE, 0);
	ret = device_attach(fd, &(struct xt_attach){ .policy = XT_REFUSE });
	id = ret ?: device_insert(fd, span->addr, span->pages);
	span_write(span);
	span_renew(span, before);
	ret = id < 0 ? id : free_and_write(fd, id, span);
	close(fd);
	span_write(span);
	return ret;
}

static struct op ops[] = {
	[WALK_WRITE] = { .name = "walk-write" },
	[WALK_READ] = { .name = "walk-read" },
	[WALK_SNAPSHOT] = { .name = "walk-snapshot" },
	[WALK_NOWAIT] = { .name = "walk-nowait" },
	[ACCESS] = { .name = "access" },
	[MOVE_OUT] = { .name = "transfer-out" },
	[MOVE_IN] = { .name = "transfer-in" },
	[ATTACH] = { .name = "attach" },
	[DETACH] = { .name = "detach" },
	[INSERT] = { .name = "range-insert" },
	[REMOVE] = { .name = "range-remove" },
	[ZAP] = { .name = "range-zap" },
	[KEEP_DIRTY] = { .name = "keep-dirty", .run = keep_dirty, .on = ANON, .exclusive = true },
};
struct table device_table = TABLE(ops);
