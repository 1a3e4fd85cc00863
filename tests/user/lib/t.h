/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the guest tests: time, memory, threads, children, and the calls of /dev/xmmu_test.
 *
 * cmocka's assertions work in the main thread of the test only, so threads and children return
 * numbers for it to look at. Calls give 0 or a negative error number, as in the kernel.
 */
#ifndef XMMU_TEST_T_H
#define XMMU_TEST_T_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "../../vm/xmmu_test/abi.h"

#define PAGE   4096UL
#define WINDOW (2UL << 20)

/* ---- time */

long t_ms(void);
void t_sleep(long ms);

/* Whether an expression becomes true within some milliseconds. */
#define t_until(ms, expression)                                      \
	({                                                           \
		long t_limit = t_ms() + (ms);                        \
		bool t_true;                                         \
		while (!(t_true = (expression)) && t_ms() < t_limit) \
			t_sleep(1);                                  \
		t_true;                                              \
	})

/* ---- memory */

/* Anonymous memory, aligned to a window; fails the test if there is none. */
char *t_map(size_t pages);
void t_unmap(void *memory, size_t pages);
void t_touch(char *memory, size_t pages);
/* Stay on one processor: parts of reclaim keep pages in lists of each. */
void t_one_processor(void);
/* The entry of /proc/self/pagemap; the page frame number is in the low 55 bits. */
uint64_t t_pagemap(const void *addr);
uint64_t t_pfn(const void *addr);
#define T_PRESENT (1ULL << 63)

static inline uint64_t *t_word(char *memory, size_t page, size_t word)
{
	return (uint64_t *)(memory + page * PAGE) + word;
}

/* ---- threads and children */

/* At most so many run at a time, and none in a child. */
#define T_THREADS 8

struct t_thread {
	long (*run)(void *arg);
	void *arg;
	long result;
	bool done;
};

void t_start(struct t_thread *thread, long (*run)(void *arg), void *arg);
bool t_done(struct t_thread *thread, long ms);
long t_join(struct t_thread *thread);

/* A child that exits with what the function returns, 0 to 99. */
pid_t t_fork(int (*run)(void *arg), void *arg);
/* Its exit status, or 100 + the signal that killed it; -ETIMEDOUT. */
int t_wait(pid_t pid, long ms);

/* Steps between parent and child: a pipe each way with one byte per step. */
struct t_steps {
	int to_child[2];
	int to_parent[2];
};

void t_steps_init(struct t_steps *steps);
void t_steps_free(struct t_steps *steps);
void t_tell(int fd[2], char c);
/* The next byte, or -1 at the end or after 10 s. */
int t_hear(int fd[2]);

/* ---- lost memory, on kernels with CONFIG_DEBUG_KMEMLEAK */

/* Whether the kernel knows of memory lost by code of that name. */
bool t_kmemleak_finds(const char *code);
/* Let the kernel forget about memory that was lost on purpose. */

/* ---- /dev/xmmu_test */

int xt_open(void);
int xt_call(int fd, unsigned long cmd, void *arg);

int xt_attach(int fd, unsigned int policy);
int xt_attach_as(int fd, const struct xt_attach *attach);
int xt_detach(int fd);

/* The id of a new range, or an error. */
int xt_insert(int fd, const void *start, size_t pages);
int xt_insert_at(int fd, uint64_t start, uint64_t end);
int xt_remove(int fd, int id);
int xt_zap(int fd, int id, const void *start, size_t pages);

/* A walk with the default budget; the rest is for when more must be said. */
int xt_populate(int fd, int id, const void *start, size_t pages, unsigned int flags);
int xt_walk(int fd, struct xt_walk *walk);

struct xt_access xt_access(int fd, struct xt_access access);
struct xt_query xt_query(int fd, int id, const void *start, size_t pages);

int xt_set(int fd, unsigned int what, unsigned int value);
struct xt_stats xt_stats(int fd);
/* How many reports there were since the last call. */
struct xt_reports xt_reports(int fd);

/* A new context, attached with a policy; and its end, which checks what must never happen. */
int xt_start(unsigned int policy);
void xt_stop(int fd);

/* The module in a flavor, release or debug; for programs that do not leave that to the suite. */
int xt_load(const char *flavor);
int xt_unload(void);

/* What the debug build is to inject; see sdk/core/debug.h. */
void xt_inject(const char *name, unsigned int value);
/* The number that the SDK's features say, -1 if they do not know the name. */
int xt_feature(const char *name);

/* A walk in a thread of its own, to be held or to wait. */
struct xt_walker {
	struct t_thread thread;
	int fd;
	struct xt_walk walk;
};

/* The walk that was filled in. */
void xt_walker_run(struct xt_walker *walker);
void xt_walker_start(struct xt_walker *walker, int fd, int id, const void *start, size_t pages,
		     unsigned int flags);
/* The same, held at XT_AT_PREPARE or XT_AT_POPULATE when this returns; xt_set(XT_GO) lets it go. */
void xt_walker_hold(struct xt_walker *walker, unsigned int point, int fd, int id, const void *start,
		    size_t pages, unsigned int flags);
int xt_walker_join(struct xt_walker *walker);

#endif
