/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the fuzzer share.
 *
 * main.c reads the options, runs and reports; call.c makes one call and judges its result; places.c
 * has a piece of memory of every kind; chaos.c forks, kills and unmaps meanwhile; skeleton.c, edu.c,
 * gpu.c, rdma.c and gru.c know the commands of the drivers.
 *
 * The same source is built for 32 and for 64 bits. Workers and children only make system calls and
 * draw numbers, so that a process with threads may fork one that goes on fuzzing.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096UL

#define array_size(array) (sizeof(array) / sizeof((array)[0]))

/* ---- random numbers */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 to limit - 1. */
unsigned int rng_below(struct rng *rng, unsigned int limit);
bool rng_one_in(struct rng *rng, unsigned int n);

/* ---- memory */

#define PLACE_BAD   (1U << 0) /* no program can ever read it */
#define PLACE_FIXED (1U << 1) /* nobody may write: its bytes are compared at the end */

struct place {
	const char *name;
	uint64_t addr;
	size_t size;
	unsigned int flags;
};

#define PLACES_MAX 32

extern struct place places[PLACES_MAX];
extern unsigned int nr_places;

/* Prints the places, and why others are missing. */
void places_make(void);
const struct place *places_pick(struct rng *rng);
/* Change a mapping in one of the ways that only some places are for. */
void places_disturb(struct rng *rng);
/* Answer the faults of the place under userfaultfd; if there are none, after some ms. */
void places_serve(struct rng *rng, int ms);
/* Whether what nobody may write is as it was. */
bool places_unchanged(void);

/* ---- drivers */

#define ARGUMENT_MAX 512
#define COMMANDS_MAX 12
#define ERRNO_MAX    134
#define FILES        6

struct command {
	const char *name;
	unsigned int number;
	unsigned int weight;
	bool may_fault; /* EFAULT may be about what the argument says, not about its own place */
	void (*fill)(struct rng *rng, unsigned int file, void *arg);
	/* Whether an argument is wrong whatever the state, and must not be accepted. */
	bool (*is_wrong)(const void *arg);
	/* After success. */
	void (*accepted)(unsigned int file, const void *arg);
	const int *errors; /* that it may fail with, beside those of all commands; ends with 0 */
	int past;          /* the one of them that only a call past all checks gets; 0: none */
};

#define ERRORS(...)            \
	(const int[])          \
	{                      \
		__VA_ARGS__, 0 \
	}

struct target {
	const char *name;
	const char *device;
	const char *module;
	unsigned char type; /* of the command numbers */
	const struct command *commands;
	unsigned int nr_commands;
	/* Before anything runs; may be NULL. */
	void (*prepare)(void);
	/* Whether a right program gets what it asks for. */
	bool (*works)(int fd);
	/* The command that must be accepted so often, if not NULL. */
	const struct command *most;
	unsigned int min_most;
};

extern const struct target skeleton_target, edu_target, gpu_target, rdma_target, gru_target;

/* ---- calls */

/* What was seen wrong: printed by main() at the end. */
struct failure {
	char text[200];
};

#define FAILURES_MAX 8

/* Inherited by all processes, through exec() too. */
#define SHARED_FD 100

/* Counted by all processes. */
struct shared {
	atomic_uint calls;
	/* By command, the unknown ones last, and by error number: 0 is success. */
	atomic_uint results[COMMANDS_MAX][ERRNO_MAX];
	atomic_uint jobs[ERRNO_MAX]; /* of a device: how they ended */
	atomic_uint forks, execs, kills, opens, disturbed, faults;
	atomic_uint nr_failures;
	struct failure failures[FAILURES_MAX];
};

extern struct shared *shared;
extern const struct target *target;
/* A process that the main one traces, or 0. */
extern atomic_int victim;
/* The open files that all threads of a process share; -1 while there is none. */
extern atomic_int files[FILES];

void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Open, replacing what was in the slot. */
void file_open(unsigned int file, struct rng *rng);
void file_close(unsigned int file);
/* A call, or now and then a read, a poll, or another file in the slot. */
void fuzz_once(struct rng *rng);

/* ---- what happens meanwhile */

/* What a child does with the files that exec() has left open. */
void chaos_after_exec(struct rng *rng);
/* The threads of the main process, until `chaos_stop`; faults are answered until `faults_stop`. */
extern atomic_bool chaos_stop, faults_stop;
void *chaos_processes(void *rng);
void *chaos_memory(void *rng);
void *chaos_faults(void *rng);

#endif
