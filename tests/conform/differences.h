/* SPDX-License-Identifier: GPL-2.0-only */
/* How a kernel is known to differ from the hosted one, script by script. */
#ifndef XMMU_CONFORM_DIFFERENCES_H
#define XMMU_CONFORM_DIFFERENCES_H

/* In the trace of the script the hosted lines stand where the kernel has others, once. */
struct difference {
	const char *kernel;
	const char *script;
	const char *hosted;
	const char *real;
	const char *reason;
};

extern const struct difference differences[];
extern const unsigned int nr_differences;

#endif
