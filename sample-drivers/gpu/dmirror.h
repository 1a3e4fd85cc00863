/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the nodes for the kernel's own tests share: dmirror.c and dmirror_*.c. */
#ifndef GPU_DMIRROR_H
#define GPU_DMIRROR_H

#include "dmirror_abi.h"
#include "gpu.h"

/* An open file of a node. */
struct dmirror {
	struct gpu_space *space;
	struct mutex lock;                  /* one call at a time */
	bool small;                         /* the next move is one page at a time */
	u8 values[XMMU_WINDOW / PAGE_SIZE]; /* of a snapshot */
};

/* Does something for a piece of a range, in one window. */
typedef int dmirror_piece(struct dmirror *mirror, struct xmmu_range *range, unsigned long start,
			  unsigned long end);

/* dmirror_call.c */
int dmirror_do(struct dmirror *mirror, unsigned int command, struct dmirror_call *call);
int dmirror_each(struct dmirror *mirror, unsigned long start, unsigned long end,
		 dmirror_piece *piece);

/* dmirror_look.c: what the processor has, and the device */
int dmirror_snapshot(struct dmirror *mirror, struct dmirror_call *call);
bool dmirror_has(struct dmirror *mirror, unsigned long start, unsigned long end, u64 bits);
int dmirror_check_exclusive(struct dmirror *mirror, struct dmirror_call *call);

#endif
