/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts of operations on memory, each of which runs twice: in the kernel of a guest (guest.c) and
 * in the hosted kernel (hosted.c), where the recorder of tests/trace writes down what a driver is
 * told. README.md has the language. This header is for both sides and needs no other.
 */
#ifndef XMMU_CONFORM_SCRIPT_H
#define XMMU_CONFORM_SCRIPT_H

/*
 * What steps can do: the name, whether the guest does it in the process itself or from outside, and
 * whether the kernel may do it several times over, so that repeated lines count once.
 */
/* clang-format off */
#define CONFORM_OPS(op)                \
	op(map, INSIDE, ONCE)          \
	op(store, INSIDE, ONCE)        \
	op(load, INSIDE, ONCE)         \
	op(record, INSIDE, ONCE)       \
	op(forget, INSIDE, ONCE)       \
	op(munmap, INSIDE, ONCE)       \
	op(readonly, INSIDE, ONCE)     \
	op(readwrite, INSIDE, ONCE)    \
	op(noaccess, INSIDE, ONCE)     \
	op(move, INSIDE, ONCE)         \
	op(resize, INSIDE, ONCE)       \
	op(dontneed, INSIDE, ONCE)     \
	op(free, INSIDE, ONCE)         \
	op(pageout, INSIDE, ONCE)      \
	op(collapse, INSIDE, ONCE)     \
	op(hugepage, INSIDE, ONCE)     \
	op(nohugepage, INSIDE, ONCE)   \
	op(mergeable, INSIDE, ONCE)    \
	op(unmergeable, INSIDE, ONCE)  \
	op(dontfork, INSIDE, ONCE)     \
	op(remove, INSIDE, ONCE)       \
	op(truncate, INSIDE, ONCE)     \
	op(punch, INSIDE, ONCE)        \
	op(writeback, INSIDE, ONCE)    \
	op(armed, INSIDE, ONCE)        \
	op(disarmed, INSIDE, ONCE)     \
	op(serve, INSIDE, ONCE)        \
	op(copy, INSIDE, ONCE)         \
	op(fork, INSIDE, ONCE)         \
	op(exec, INSIDE, ONCE)         \
	op(numa, INSIDE, REPEATED)     \
	op(merge, OUTSIDE, ONCE)       \
	op(migrate, OUTSIDE, ONCE)     \
	op(refuse, OUTSIDE, ONCE)      \
	op(young, OUTSIDE, ONCE)       \
	op(reap, OUTSIDE, ONCE)        \
	op(exit, OUTSIDE, ONCE)        \
	op(reclaim, OUTSIDE, REPEATED) \
	op(crowd, OUTSIDE, ONCE)       \
	op(compact, OUTSIDE, REPEATED)
/* clang-format on */

enum conform_op {
#define CONFORM_ENUM(name, where, times) CONFORM_##name,
	CONFORM_OPS(CONFORM_ENUM) CONFORM_NR_OPS
#undef CONFORM_ENUM
};

enum conform_kind {
	CONFORM_ANON,    /* private and anonymous, in small pages */
	CONFORM_SHARED,  /* shared and anonymous */
	CONFORM_FILE,    /* shared, of a file in tmpfs */
	CONFORM_DISK,    /* shared, of a file in ext4 */
	CONFORM_PRIVATE, /* private, of a file in tmpfs */
	CONFORM_THP,     /* private and anonymous, in huge pages */
	CONFORM_NR_KINDS
};

/* Where page 0 is, and how many are recorded. */
#define CONFORM_BASE  0x40000000UL
#define CONFORM_PAGES 8192UL

#define CONFORM_MAX_STEPS 24

struct conform_step {
	enum conform_op op;
	int in_child;             /* the process that "fork" has made */
	unsigned long first, end; /* pages */
	unsigned long number;     /* what else there is to say */
	enum conform_kind kind;
	char text[64];
};

struct conform_run {
	char name[64]; /* of script and kind */
	unsigned int nr_steps;
	struct conform_step steps[CONFORM_MAX_STEPS];
};

/* The runs of all scripts, one after the other; ends the program on a slip in the table. */
const struct conform_run *conform_runs(unsigned int *count);
int conform_is_outside(enum conform_op op);
/* A step and what came of it: lines of a trace, without repetitions where they do not count. */
void conform_print(const struct conform_step *step, long result, char *trace);

#endif
