// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks and the switch between them, for x86-64. Only what a called function must keep is saved;
 * the floating point state is shared, the hosted kernel has none.
 */
#include "internal.h"

/* The unwind tables let a debugger walk each stack, and stop at its first frame. */
__asm__(".text\n"
	".globl hosted_fiber_switch\n"
	".type hosted_fiber_switch, @function\n"
	"hosted_fiber_switch:\n"
	".cfi_startproc\n"
	"	pushq %rbp\n"
	".cfi_adjust_cfa_offset 8\n"
	".cfi_rel_offset %rbp, 0\n"
	"	pushq %rbx\n"
	".cfi_adjust_cfa_offset 8\n"
	"	pushq %r12\n"
	".cfi_adjust_cfa_offset 8\n"
	"	pushq %r13\n"
	".cfi_adjust_cfa_offset 8\n"
	"	pushq %r14\n"
	".cfi_adjust_cfa_offset 8\n"
	"	pushq %r15\n"
	".cfi_adjust_cfa_offset 8\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	".cfi_adjust_cfa_offset -8\n"
	"	popq %r14\n"
	".cfi_adjust_cfa_offset -8\n"
	"	popq %r13\n"
	".cfi_adjust_cfa_offset -8\n"
	"	popq %r12\n"
	".cfi_adjust_cfa_offset -8\n"
	"	popq %rbx\n"
	".cfi_adjust_cfa_offset -8\n"
	"	popq %rbp\n"
	".cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size hosted_fiber_switch, . - hosted_fiber_switch\n"
	".type fiber_entry, @function\n"
	"fiber_entry:\n"
	".cfi_startproc\n"
	".cfi_undefined %rip\n"
	"	callq *%rbx\n"
	"	ud2\n"
	".cfi_endproc\n"
	".size fiber_entry, . - fiber_entry\n");

extern const char fiber_entry[];

/* A stack that starts entry() when it is switched to; what to switch to. */
void *hosted_fiber(void *stack, size_t size, void (*entry)(void))
{
	/* As hosted_fiber_switch() leaves it: r15, r14, r13, r12, rbx, rbp, return address. */
	uintptr_t *sp = (uintptr_t *)((char *)stack + size) - 9;

	sp[0] = sp[1] = sp[2] = sp[3] = sp[5] = 0;
	sp[4] = (uintptr_t)entry;
	sp[6] = (uintptr_t)fiber_entry;
	sp[7] = 0;
	return sp;
}
