// SPDX-License-Identifier: GPL-2.0-only
/* Operations of scripts, as they are done in the hosted kernel. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include <hosted/kernel.h>

#include "../../sdk/hosted/sched/sched.h"
#include "cpu.h"
#include "hosted.h"
#include "recorder.h"

#define RW (VM_READ | VM_WRITE)

struct conform_outcome conform_outcomes[CONFORM_MAX_STEPS];

/* The process and its child. */
static struct mm_struct *mms[2];
static struct file *file;
static struct recorder recorder;
static bool recorded;

bool conform_choose(const char *kernel)
{
	static const struct {
		const char *name;
		enum hosted_generation generation;
	} kernels[] = { { "6.1", HOSTED_6_1 }, { "6.12", HOSTED_6_12 }, { "7.3", HOSTED_7_3 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kernels); i++) {
		if (!strcmp(kernel, kernels[i].name)) {
			hosted_generation = kernels[i].generation;
			return true;
		}
	}
	return false;
}

/* ---- what steps name */

static struct mm_struct *mm_of(const struct conform_step *step)
{
	return mms[step->in_child];
}

static unsigned long at(unsigned long page)
{
	return CONFORM_BASE + page * PAGE_SIZE;
}

static unsigned long size_of(const struct conform_step *step)
{
	return (step->end - step->first) * PAGE_SIZE;
}

/* ---- operations */

static struct file *file_of(const struct conform_step *step)
{
	if (!file)
		file = hosted_file_open(step->end, step->kind == CONFORM_DISK);
	return file;
}

static long do_map(const struct conform_step *step)
{
	static const unsigned long flags[CONFORM_NR_KINDS] = {
		[CONFORM_SHARED] = VM_SHARED,   [CONFORM_FILE] = VM_SHARED,
		[CONFORM_DISK] = VM_SHARED,     [CONFORM_THP] = VM_HUGEPAGE,
		[CONFORM_ANON] = VM_NOHUGEPAGE,
	};
	bool of_file = step->kind == CONFORM_FILE || step->kind == CONFORM_DISK ||
		       step->kind == CONFORM_PRIVATE;

	return hosted_mmap(mm_of(step), at(step->first), size_of(step), RW, flags[step->kind],
			   of_file ? file_of(step) : NULL, step->first);
}

static long do_store(const struct conform_step *step)
{
	unsigned long page;
	long err = 0;

	for (page = step->first; page < step->end && !err; page++)
		err = hosted_store(mm_of(step), at(page), step->number ?: page + 1);
	return err;
}

/* What the first page holds. */
static long do_load(const struct conform_step *step)
{
	unsigned long page;
	u64 value, first = 0;
	long err = 0;

	for (page = step->first; page < step->end && !err; page++) {
		err = hosted_load(mm_of(step), at(page), &value);
		if (page == step->first)
			first = value;
	}
	return err ?: (long)first;
}

static long do_record(const struct conform_step *step)
{
	recorded = true;
	return recorder_attach(&recorder, mm_of(step), CONFORM_BASE, CONFORM_PAGES,
			       &recorder_list_ops);
}

static long do_forget(const struct conform_step *step)
{
	recorder_detach(&recorder);
	recorder.interval.mm = NULL;
	return 0;
}

static long do_munmap(const struct conform_step *step)
{
	return hosted_munmap(mm_of(step), at(step->first), size_of(step));
}

static long protect(const struct conform_step *step, unsigned long prot)
{
	return hosted_mprotect(mm_of(step), at(step->first), size_of(step), prot);
}

static long do_readonly(const struct conform_step *step)
{
	return protect(step, VM_READ);
}

static long do_readwrite(const struct conform_step *step)
{
	return protect(step, RW);
}

static long do_noaccess(const struct conform_step *step)
{
	return protect(step, 0);
}

static long do_move(const struct conform_step *step)
{
	return hosted_mremap(mm_of(step), at(step->first), size_of(step), at(step->number),
			     size_of(step));
}

static long do_resize(const struct conform_step *step)
{
	return hosted_mremap(mm_of(step), at(step->first), size_of(step), at(step->first),
			     step->number * PAGE_SIZE);
}

#define ADVICE(name, advice)                                                                \
	static long do_##name(const struct conform_step *step)                              \
	{                                                                                   \
		return hosted_madvise(mm_of(step), at(step->first), size_of(step), advice); \
	}

ADVICE(dontneed, HOSTED_DONTNEED)
ADVICE(free, HOSTED_FREE)
ADVICE(pageout, HOSTED_PAGEOUT)
ADVICE(collapse, HOSTED_COLLAPSE)
ADVICE(hugepage, HOSTED_HUGEPAGE)
ADVICE(nohugepage, HOSTED_NOHUGEPAGE)
ADVICE(mergeable, HOSTED_MERGEABLE)
ADVICE(unmergeable, HOSTED_UNMERGEABLE)
ADVICE(dontfork, HOSTED_DONTFORK)
ADVICE(remove, HOSTED_REMOVE)

static long do_truncate(const struct conform_step *step)
{
	return hosted_truncate(file, step->first);
}

static long do_punch(const struct conform_step *step)
{
	return hosted_punch_hole(file, step->first, step->end - step->first);
}

static long do_writeback(const struct conform_step *step)
{
	return hosted_writeback(file);
}

/* ---- userfaultfd */

static long do_armed(const struct conform_step *step)
{
	return hosted_uffd_register(mm_of(step), at(step->first), size_of(step));
}

static long do_disarmed(const struct conform_step *step)
{
	return hosted_uffd_unregister(mm_of(step), at(step->first), size_of(step));
}

static long do_copy(const struct conform_step *step)
{
	return hosted_uffd_copy(mm_of(step), at(step->first), step->number);
}

static void load_in_thread(void *arg)
{
	struct conform_outcome *outcome = arg;

	outcome->result = hosted_load(current->mm, outcome->result, (u64 *)&outcome->result);
}

static long do_serve(const struct conform_step *step)
{
	static struct conform_outcome loaded;
	struct task_struct *thread;
	long err;

	loaded.result = at(step->first);
	thread = hosted_thread("load", mm_of(step), load_in_thread, &loaded);
	err = hosted_uffd_wait(mm_of(step)) ?: do_copy(step);
	hosted_join(thread);
	return err;
}

/* ---- other processes, and what the kernel does */

static long do_fork(const struct conform_step *step)
{
	mms[1] = hosted_fork(mms[0]);
	return 0;
}

static long do_numa(const struct conform_step *step)
{
	return hosted_numa_hint(mm_of(step), at(step->first), size_of(step));
}

static long do_merge(const struct conform_step *step)
{
	return hosted_ksm_merge(mm_of(step), at(step->first), mm_of(step), at(step->number));
}

static long do_migrate(const struct conform_step *step)
{
	unsigned long page;
	long err = 0;

	for (page = step->first; page < step->end && !err; page++)
		err = hosted_migrate(mm_of(step), at(page));
	return err;
}

/* A page that is in use is asked for again, as the kernel does it, but not for ever. */
static long reclaim_page(struct mm_struct *mm, unsigned long addr)
{
	unsigned int attempts = 3;
	long err;

	do {
		err = hosted_reclaim(mm, addr);
	} while (err == -EAGAIN && attempts--);
	return err;
}

static long do_reclaim(const struct conform_step *step)
{
	unsigned long page;
	long err = 0;

	for (page = step->first; page < step->end && !err; page++)
		err = reclaim_page(mm_of(step), at(page));
	return err;
}

/* Where a page is does not depend on others. */
static long do_crowd(const struct conform_step *step)
{
	return 0;
}

/* There is nobody else whose pages could be moved. */
static long do_compact(const struct conform_step *step)
{
	return hosted_compact() ? 0 : -EAGAIN;
}

static long do_refuse(const struct conform_step *step)
{
	recorder.refuse = step->first;
	return 0;
}

static long do_young(const struct conform_step *step)
{
	recorder.young = step->first;
	return 0;
}

static long do_reap(const struct conform_step *step)
{
	return hosted_oom_reap(mm_of(step));
}

static long do_exec(const struct conform_step *step)
{
	hosted_mm_enter(mm_of(step));
	hosted_exec();
	mms[step->in_child] = current->mm;
	hosted_mm_enter(NULL);
	return 0;
}

static long do_exit(const struct conform_step *step)
{
	mmput(mm_of(step));
	mms[step->in_child] = NULL;
	return 0;
}

/* ---- */

static long (*const ops[])(const struct conform_step *step) = {
#define CONFORM_DO(name, where, times) do_##name,
	CONFORM_OPS(CONFORM_DO)
#undef CONFORM_DO
};

static void do_step(const struct conform_step *step, struct conform_outcome *outcome)
{
	outcome->result = ops[step->op](step);
	if (recorded)
		recorder_take(&recorder, outcome->trace, sizeof(outcome->trace));
}

static void tidy(void)
{
	unsigned int i;

	if (recorder.interval.mm)
		do_forget(NULL);
	for (i = 0; i < ARRAY_SIZE(mms); i++)
		if (mms[i])
			mmput(mms[i]);
	if (file)
		hosted_file_put(file);
	hosted_mm_check_empty();
}

void conform_do(void *arg)
{
	const struct conform_run *run = arg;
	unsigned int i;

	mms[0] = hosted_mm_create();
	for (i = 0; i < run->nr_steps; i++)
		do_step(&run->steps[i], &conform_outcomes[i]);
	tidy();
}
