/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: who has called. Addresses are of the program: addr2line names them. */
#ifndef HOSTED_LINUX_STACKTRACE_H
#define HOSTED_LINUX_STACKTRACE_H

unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip);
void stack_trace_print(const unsigned long *entries, unsigned int count, int spaces);

#endif
