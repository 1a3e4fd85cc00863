// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an address space: create, fork, exec, exit, and the OOM reaper. mm_users counts those
 * who use the mappings; with the last of them all are removed. mm_count is of those who know the
 * structure, among them the users together.
 */
#include <linux/sched/coredump.h>

#include "internal.h"

static LIST_HEAD(mms);

struct mm_struct *hosted_mm_create(void)
{
	struct mm_struct *mm = hosted_alloc(sizeof(*mm));

	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	init_rwsem(&mm->mmap_lock);
	spin_lock_init(&mm->page_table_lock);
	mm->task_size = HOSTED_TASK_SIZE;
	mm->dumpable = SUID_DUMP_USER;
	INIT_LIST_HEAD(&mm->vmas);
	mm->pgd = hosted_table_alloc();
	mm->memcg = hosted_memcg_create();
	list_add_tail(&mm->node, &mms);
	return mm;
}

/* ---- references */

void mmgrab(struct mm_struct *mm)
{
	hosted_point(HOSTED_ATOMIC, &mm->mm_count, sizeof(mm->mm_count));
	WARN(!atomic_read(&mm->mm_count), "mmgrab() of an mm that is gone");
	atomic_inc(&mm->mm_count);
}

void mmdrop(struct mm_struct *mm)
{
	hosted_point(HOSTED_ATOMIC, &mm->mm_count, sizeof(mm->mm_count));
	WARN(!atomic_read(&mm->mm_count), "mmdrop() of an mm that is gone");
	if (!atomic_dec_and_test(&mm->mm_count))
		return;
	hosted_notifier_destroy(mm);
	hosted_table_free(mm->pgd);
	mem_cgroup_put(mm->memcg);
	list_del(&mm->node);
	hosted_free(mm);
}

void mmget(struct mm_struct *mm)
{
	hosted_point(HOSTED_ATOMIC, &mm->mm_users, sizeof(mm->mm_users));
	WARN(!atomic_read(&mm->mm_users), "mmget() of an mm that nobody uses");
	atomic_inc(&mm->mm_users);
}

bool mmget_not_zero(struct mm_struct *mm)
{
	hosted_point(HOSTED_ATOMIC, &mm->mm_users, sizeof(mm->mm_users));
	return atomic_inc_not_zero(&mm->mm_users);
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (!mm || task->flags & PF_KTHREAD)
		return NULL;
	mmget(mm);
	return mm;
}

/* ---- the end */

/* Devices are told before any page goes. Interval notifiers that are left see the unmapping too. */
static void exit_mmap(struct mm_struct *mm)
{
	struct hosted_gather gather = {};
	struct mmu_notifier_range event;
	struct vm_area_struct *vma;

	hosted_notifier_release(mm);
	mmap_read_lock(mm);
	if (!list_empty(&mm->vmas)) {
		hosted_event_init(&event, mm, MMU_NOTIFY_UNMAP, 0, ULONG_MAX, NULL);
		hosted_event_start(&event);
		hosted_for_each_vma(mm, vma)
			hosted_zap(vma, vma->vm_start, vma->vm_end, false, &gather);
		hosted_event_end(&event);
	}
	mmap_read_unlock(mm);
	mmap_write_lock(mm);
	while ((vma = hosted_vma_first(mm))) {
		list_del(&vma->node);
		hosted_vma_free(vma);
	}
	hosted_free_tables(mm, 0, HOSTED_TASK_SIZE);
	hosted_gather_free(&gather);
	mmap_write_unlock(mm);
}

static void put_last(struct mm_struct *mm)
{
	exit_mmap(mm);
	mmdrop(mm);
}

/* Waits for callbacks, and so must not be called in one. */
void mmput(struct mm_struct *mm)
{
	might_sleep();
	hosted_point(HOSTED_ATOMIC, &mm->mm_users, sizeof(mm->mm_users));
	WARN(!atomic_read(&mm->mm_users), "mmput() of an mm that nobody uses");
	if (atomic_dec_and_test(&mm->mm_users))
		put_last(mm);
}

static void put_work(struct work_struct *work)
{
	put_last(container_of(work, struct mm_struct, async_put_work));
}

void mmput_async(struct mm_struct *mm)
{
	hosted_point(HOSTED_ATOMIC, &mm->mm_users, sizeof(mm->mm_users));
	WARN(!atomic_read(&mm->mm_users), "mmput_async() of an mm that nobody uses");
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	INIT_WORK(&mm->async_put_work, put_work);
	schedule_work(&mm->async_put_work);
}

void hosted_mm_enter(struct mm_struct *mm)
{
	current->mm = mm;
}

void hosted_exit(void)
{
	struct mm_struct *mm = current->mm;

	hosted_point(HOSTED_WRITE, &current->mm, sizeof(current->mm));
	current->mm = NULL;
	mmput(mm);
}

int hosted_exec(void)
{
	struct mm_struct *old = current->mm, *mm = hosted_mm_create();
	int err = down_write_killable(&current->signal->exec_update_lock);

	if (err) {
		mmput(mm);
		return -EINTR;
	}
	hosted_point(HOSTED_WRITE, &current->mm, sizeof(current->mm));
	current->mm = mm;
	up_write(&current->signal->exec_update_lock);
	mmput(old);
	return 0;
}

/* ---- fork */

static u64 entry_readonly(const struct vm_area_struct *vma, u64 entry)
{
	return hosted_vma_is_cow(vma) ? entry & ~(HOSTED_WRITE | HOSTED_EXCLUSIVE) : entry;
}

/* What a device has for itself it gives back. */
static u64 entry_to_share(u64 entry)
{
	return hosted_entry_is(entry, HOSTED_LENT) ? hosted_entry_given_back(entry) : entry;
}

/* Both have the page from now on; private memory is copied by who writes first. */
static void share_entry(const struct vm_area_struct *vma, u64 entry)
{
	struct folio *folio;

	if (hosted_entry_is(entry, HOSTED_SWAP))
		hosted_swap_get(hosted_entry_pfn(entry));
	if (!hosted_entry_maps(entry))
		return;
	folio = hosted_folio_of(hosted_entry_pfn(entry));
	hosted_map_folio(folio, 1);
	if (hosted_vma_is_cow(vma))
		hosted_folio_clear(folio, HOSTED_PG_EXCLUSIVE);
}

static void copy_entry(struct vm_area_struct *to, struct vm_area_struct *from, unsigned long addr,
		       const struct hosted_place *place)
{
	u64 entry = entry_to_share(hosted_get(place)), copy = entry_readonly(from, entry);
	struct hosted_place target = place->level == HOSTED_PMD ?
					     hosted_huge_place(to->vm_mm, addr) :
					     hosted_place_of(to->vm_mm, addr, true);

	share_entry(from, entry);
	if (copy != hosted_get(place))
		hosted_set(from->vm_mm, place, copy);
	if (from->vm_flags & VM_SHARED)
		copy &= ~HOSTED_DIRTY;
	hosted_set(to->vm_mm, &target, copy & ~HOSTED_YOUNG);
}

static void copy_entries(struct vm_area_struct *to, struct vm_area_struct *from)
{
	unsigned long addr = from->vm_start;
	struct hosted_place place = {};

	while (hosted_lock_next(from, &addr, from->vm_end, &place)) {
		spin_lock_nested(&to->vm_mm->page_table_lock, SINGLE_DEPTH_NESTING);
		copy_entry(to, from, addr, &place);
		spin_unlock(&to->vm_mm->page_table_lock);
		addr = place.addr + place.size;
	}
}

/* What a fault can bring back is not copied, and so there is no event for it. */
static void copy_vma(struct mm_struct *child, struct vm_area_struct *from)
{
	struct vm_area_struct *vma = hosted_vma_dup(child, from);
	struct mmu_notifier_range event;

	vma->vm_flags &= ~VM_UFFD_MISSING;
	hosted_anon_fork(vma, from);
	hosted_vma_link(vma);
	if (!from->anon_vma)
		return;
	hosted_event_init(&event, from->vm_mm, MMU_NOTIFY_PROTECTION_PAGE, from->vm_start,
			  from->vm_end, NULL);
	if (hosted_vma_is_cow(from))
		hosted_event_start(&event);
	copy_entries(vma, from);
	if (hosted_vma_is_cow(from))
		hosted_event_end(&event);
}

/* Notifiers are not inherited. */
struct mm_struct *hosted_fork(struct mm_struct *mm)
{
	struct mm_struct *child = hosted_mm_create();
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	down_write_nested(&child->mmap_lock, SINGLE_DEPTH_NESTING);
	child->dumpable = mm->dumpable;
	hosted_for_each_vma(mm, vma)
		if (!(vma->vm_flags & VM_DONTCOPY))
			copy_vma(child, vma);
	mmap_write_unlock(child);
	mmap_write_unlock(mm);
	return child;
}

/* ---- out of memory */

static int reap_vma(struct vm_area_struct *vma)
{
	struct hosted_gather gather = {};
	struct mmu_notifier_range event;

	hosted_event_init(&event, vma->vm_mm,
			  hosted_generation >= HOSTED_7_3 ? MMU_NOTIFY_CLEAR : MMU_NOTIFY_UNMAP,
			  vma->vm_start, vma->vm_end, NULL);
	if (hosted_event_start_nonblock(&event))
		return -EAGAIN;
	hosted_zap(vma, vma->vm_start, vma->vm_end, false, &gather);
	hosted_event_end(&event);
	hosted_gather_free(&gather);
	return 0;
}

/* It must not wait for anybody who may wait for memory: neither for locks nor for notifiers. */
int hosted_oom_reap(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (!mmap_read_trylock(mm))
		return -EAGAIN;
	mm->unstable = true;
	hosted_for_each_vma(mm, vma) {
		if (vma->vm_flags & (VM_HUGETLB | VM_PFNMAP))
			continue;
		if (hosted_vma_is_anon(vma) || !(vma->vm_flags & VM_SHARED))
			err = reap_vma(vma) ?: err;
	}
	mmap_read_unlock(mm);
	return err;
}

/* ---- oracles */

void hosted_mm_check_empty(void)
{
	struct folio *folio;

	if (!list_empty(&mms))
		hosted_fail("leak", "an address space was not given up");
	for (folio = hosted_folio_next(0); folio; folio = hosted_folio_next(folio->pfn + 1))
		if (!hosted_folio_test(folio, HOSTED_PG_ZERO))
			hosted_fail("leak", "page %lx is in use, %d references", folio->pfn,
				    folio->refs);
}
