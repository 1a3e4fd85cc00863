/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the stress program share. README.md says what the program does.
 *
 * Every page of the arena has an entry in a table that the module shows (struct xt_stamp), with a
 * lock. An operation that leaves the mapping usable locks its pages shared, so that such operations
 * overlap; who writes stamps, or relies on the contents, locks them exclusively. Locks are tried,
 * never waited for. The device takes no lock.
 */
#ifndef XMMU_STRESS_H
#define XMMU_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../vm/xmmu_test/abi.h"
#include "number.h"

#define PAGE     4096UL
#define HUGE     (2UL << 20)
#define HUGE_LEN (HUGE / PAGE)

/*
 * Addresses that the kernel never picks by itself: what is unmapped here for a moment must not be
 * given to anyone else.
 */
#define ARENA       ((char *)0x200000000000)
#define SCRATCH     ((char *)0x210000000000)
#define REGION_SIZE (2 * HUGE)

#define THREADS 32
/* A run that has checked fewer words has shown nothing; what the gpu works on was just unmapped. */
#define MIN_CHECKED     1000
#define MIN_GPU_CHECKED 200
/* How often the device's agent uses all that it has. */
#define AGENT_US 300
/* How long it keeps the mirror's lock then. */
#define BUSY_US 300

/* What the guest's disk, its swap file and the memory groups are. */
#define DISK    "/tmp/disk"
#define SWAP    DISK "/swap"
#define CGROUPS "/tmp/cgroup"
/* The group of the program, and those of processes with a limit. */
#define GROUP     CGROUPS "/stress"
#define LIMITED   CGROUPS "/limited"
#define OOM_GROUP CGROUPS "/oom"

/* Newer than the C library's headers. */
#define ADVICE_SOFT_OFFLINE  101
#define ADVICE_COLLAPSE      25
#define ADVICE_GUARD_INSTALL 102
#define ADVICE_GUARD_REMOVE  103
#define ADVICE_POISON        100

/* Kinds of memory, as bits. */
#define ANON    0x01 /* private and anonymous, in small pages */
#define THP     0x02 /* the same in huge pages, where the kernel has some */
#define SHMEM   0x04
#define EXT4    0x08
#define HUGETLB 0x10
#define MERGED  0x20 /* private and anonymous, open to KSM */
#define UFFD    0x40 /* private and anonymous, served by a thread */
#define PRIVATE (ANON | THP | MERGED | UFFD)
#define FILES   (SHMEM | EXT4)
#define EVERY   (PRIVATE | FILES | HUGETLB)

struct region {
	const char *name;
	unsigned int kind;
	size_t pages;
	size_t unit; /* pages that can only be mapped together */
	char *base;
	unsigned int first; /* number of its first page in the table */
	int fd;             /* -1: anonymous */
	const char *absent; /* why there is none */
};

extern struct region regions[];
extern const int nr_regions;

/* Some pages of a region. */
struct span {
	const struct region *region;
	char *addr;
	size_t size;
	unsigned int first; /* in the table */
	size_t pages;
};

#define WHOLE 0x1 /* one huge page, or all of a smaller region */
#define TAIL  0x2 /* up to the end of the region */
#define HOT   0x4 /* the first pages of the region */

/* What is done, how often, and whether it worked. */
struct op {
	const char *name;
	int (*run)(struct op *op, struct span *span); /* 0 or a negative error */
	unsigned int on;                              /* kinds of memory */
	unsigned int destroys;                        /* those whose pages are new afterwards */
	unsigned int empties; /* those whose pages may become new at any time afterwards */
	unsigned int flags;   /* WHOLE, TAIL */
	bool exclusive;
	int arg;
	int limit; /* times, if it may not be done as often as one likes */
	const char *(*missing)(struct op *op); /* why this kernel can not; NULL: it can */

	const char *absent;
	_Atomic long done, failed;
	_Atomic int error; /* of the last failure */
};

/* Those of one file. Threads that work through the same table take turns. */
struct table {
	struct op *ops;
	int nr;
	_Atomic unsigned int next;
};

#define TABLE(OPS)                                                        \
	{                                                                 \
		.ops = (OPS), .nr = (int)(sizeof(OPS) / sizeof((OPS)[0])) \
	}

extern struct table map_table, advice_table, file_table, fork_table, system_table, life_table,
	limit_table, hot_table, device_table, uffd_table, cpu_table, gpu_table;

/* main.c */
extern long start_ms;
bool running(void);
long now_ms(void);
void nap_us(long us);
unsigned int pick(unsigned int below); /* random, for each thread its own */
void seed_random(unsigned int value);
int this_thread(void);
void start_thread(void (*run)(void *arg), void *arg);
__attribute__((format(printf, 2, 3))) int put_text(const char *path, const char *format, ...);
void die(const char *what);

/* stamp.c */
extern struct xt_stamp *stamps;
extern _Atomic long cpu_checked, cpu_wrong;
extern struct xt_stale cpu_first;
void stamps_open(int fd);
bool span_lock(const struct span *span, bool exclusive);
void span_unlock(const struct span *span, bool exclusive);
void span_renew(const struct span *span, uint32_t *before);
void span_bury(const struct span *span, const uint32_t *before);
void page_stamp(unsigned int page, char *addr);
void page_write(unsigned int page, char *addr);
bool page_check(unsigned int page, const char *addr);
bool word_is_good(const struct xt_stale *seen);
void span_write(const struct span *span);
void span_keep(const struct span *span, unsigned int word);

/* region.c */
void regions_open(void);
void regions_close(void);
const char *region_absent(unsigned int kinds);
int span_map(const struct span *span);
int span_map_small(const struct span *span);
bool span_pick(struct span *span, const struct op *op);
struct span span_part(const struct span *span, size_t first, size_t pages);
uint64_t pagemap(const char *addr);
#define PAGEMAP_SWAPPED (1ULL << 62)

/* op.c */
bool op_owed(const struct op *op); /* it has to succeed, and has not */
int op_result(struct op *op, int ret);
void op_do(struct op *op);
void op_find_absent(struct op *op);
int call(long ret); /* what a system call returned, as a negative error */
const char *missing_file(const char *path);

/* uffd.c */
void uffd_open(struct region *region);
void uffd_register(const struct span *span);
void uffd_start(void);

/* device.c */
void devices_start(void);
void devices_stop(void);
/* Found at the end: translations and flushes; free pages used, callbacks too late, bad leaves. */
extern long device_left, device_faults;
int device_attach(int fd, const struct xt_attach *attach);
int device_insert(int fd, const char *start, size_t pages);
int device_walk(int fd, int id, const char *start, size_t pages, unsigned int flags);
int device_access(int fd, int id, const char *start, size_t pages, bool tlb);
int device_set(int fd, unsigned int what, unsigned int value);
int device_open(bool cloexec);
int device_stamps(int fd, const char *start, size_t pages, unsigned int page);
int device_call(int fd, unsigned long cmd, void *arg);
struct xt_totals device_totals(void);

/* gpu.c */
extern _Atomic long gpu_checked, gpu_wrong; /* words */
extern long gpu_stale;                      /* accesses, as the device says at the end */
void gpu_stop(void);

/* system.c */
void system_prepare(void);
void system_restore(void);
int swap_off_and_on(struct op *op, struct span *span);
const char *no_swap(struct op *op);

/* life.c */
#define LIFE "--life"
int life_main(int argc, char **argv);

/* report.c */
int report(void);

#endif
