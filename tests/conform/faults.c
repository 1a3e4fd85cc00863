// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the hosted kernel that are planted at link time (--wrap): each changes what drivers are
 * told, and the comparison must see it. Without a fault all is passed through.
 */
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/string.h>

#include "hosted.h"

static const struct conform_fault {
	const char *name;
	enum {
		NO_FAULT,
		KIND,    /* CLEAR comes as UNMAP */
		SPAN,    /* one page too many */
		LOST,    /* no event when memory is unmapped */
		TWICE,   /* each event comes twice */
		LATE,    /* an event starts when it is over */
		SINGLE,  /* no event for one page */
		BLOCK,   /* what must not block may */
		RELEASE, /* an exit that nobody hears of */
		YOUNG,   /* nobody is asked whether a page is in use */
	} what;
} faults[] = {
	{ "kind", KIND },   { "span", SPAN },     { "lost", LOST },   { "twice", TWICE },
	{ "late", LATE },   { "single", SINGLE }, { "block", BLOCK }, { "release", RELEASE },
	{ "young", YOUNG }, { NULL, NO_FAULT },
};

static const struct conform_fault *fault = &faults[ARRAY_SIZE(faults) - 1];

const char *conform_fault_name(unsigned int number)
{
	return faults[number].name;
}

void conform_plant(unsigned int number)
{
	fault = &faults[number];
}

/* What the linker calls the real ones, and what it calls instead of them. */
#define WRAP(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(void, hosted_event_init, struct mmu_notifier_range *event, struct mm_struct *mm,
     enum mmu_notifier_event kind, unsigned long start, unsigned long end, void *owner)
{
	if (fault->what == KIND && kind == MMU_NOTIFY_CLEAR)
		kind = MMU_NOTIFY_UNMAP;
	if (fault->what == SPAN && end != ULONG_MAX)
		end += PAGE_SIZE;
	__real_hosted_event_init(event, mm, kind, start, end, owner);
}

void __real_hosted_event_end(struct mmu_notifier_range *event);

WRAP(void, hosted_event_start, struct mmu_notifier_range *event)
{
	if (fault->what == LATE || (fault->what == LOST && event->event == MMU_NOTIFY_UNMAP))
		return;
	__real_hosted_event_start(event);
	if (fault->what == TWICE) {
		__real_hosted_event_end(event);
		__real_hosted_event_start(event);
	}
}

WRAP(void, hosted_event_end, struct mmu_notifier_range *event)
{
	if (fault->what == LOST && event->event == MMU_NOTIFY_UNMAP)
		return;
	if (fault->what == LATE)
		__real_hosted_event_start(event);
	__real_hosted_event_end(event);
}

WRAP(int, hosted_event_start_nonblock, struct mmu_notifier_range *event)
{
	if (fault->what != BLOCK)
		return __real_hosted_event_start_nonblock(event);
	__real_hosted_event_start(event);
	return 0;
}

WRAP(void, hosted_single_start, struct mmu_notifier_range *event)
{
	if (fault->what != SINGLE)
		__real_hosted_single_start(event);
}

WRAP(void, hosted_single_end, struct mmu_notifier_range *event)
{
	if (fault->what != SINGLE)
		__real_hosted_single_end(event);
}

WRAP(void, hosted_notifier_release, struct mm_struct *mm)
{
	if (fault->what != RELEASE)
		__real_hosted_notifier_release(mm);
}

WRAP(bool, hosted_notify_clear_flush_young, struct mm_struct *mm, unsigned long start,
     unsigned long end)
{
	return fault->what != YOUNG && __real_hosted_notify_clear_flush_young(mm, start, end);
}
