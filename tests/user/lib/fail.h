/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests that let each allocation of an operation fail in turn: the first, the second, and so on
 * until a run has none left that could. Either by the kernel, if it has fault injection: whatever
 * the driver, and what it calls, asks for; or by the debug build of the SDK, which reaches workers.
 */
#ifndef XMMU_TEST_FAIL_H
#define XMMU_TEST_FAIL_H

#include "t.h"

/*
 * Each attempt is a process of its own, in which nothing is there yet. The functions give 0 or a
 * negative error number; they must not use cmocka's assertions.
 */
struct fail_op {
	const char *name;
	int (*prepare)(void); /* nothing fails yet; may be NULL */
	int (*run)(void);     /* -ENOMEM, and when it is repeated without failures, 0 */
	int (*check)(void);   /* whether all of it was done; may be NULL */
	bool allocates;       /* there is an allocation that the kernel can fail */
	bool must_work;       /* it has no way to say that memory is short */
	bool loads;           /* it loads the module, whose code is in no known place then */
	bool in_worker;       /* there is one that only the SDK can fail */
	int or_error;         /* what the kernel says instead of -ENOMEM somewhere */
	bool shallow;         /* only what is asked for few calls below: see fail.c */
};

/*
 * Load the debug build of a driver, run the operations as tests, and unload it. The argument of the
 * program says who lets them fail: "kernel" or "sdk".
 */
int fail_main(int argc, char **argv, const char *module, const struct fail_op *ops, size_t count);

/* For `loads`. */
int fail_load_module(void);
int fail_unload_module(void);

/* Anonymous memory; NULL if there is none. */
char *fail_map(size_t pages);

#endif
