/* SPDX-License-Identifier: GPL-2.0-only */
/* The half of conform_hosted that sees the hosted kernel, for the half that sees the C library. */
#ifndef XMMU_CONFORM_HOSTED_H
#define XMMU_CONFORM_HOSTED_H

#include "script.h"

struct conform_outcome {
	long result;
	char trace[131072];
};

extern struct conform_outcome conform_outcomes[CONFORM_MAX_STEPS];

/* Which kernel it is to be: "6.1". False: no such kernel. */
_Bool conform_choose(const char *kernel);
/* A thread of the hosted kernel that does the steps. */
void conform_do(void *run);

/* Faults that can be planted, by number; NULL after the last. */
const char *conform_fault_name(unsigned int number);
void conform_plant(unsigned int number);

#endif
