// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of an address space, and the system calls that make, change and remove them. */
#include "internal.h"

/* What a mapping keeps when its protection changes. */
#define VM_PROT (VM_READ | VM_WRITE | VM_EXEC)

/* ---- look-up */

void mmap_assert_locked(const struct mm_struct *mm)
{
	WARN(!lockdep_is_held(&mm->mmap_lock), "mmap_lock is not held");
}

void mmap_assert_write_locked(const struct mm_struct *mm)
{
	lockdep_assert_held_write(&mm->mmap_lock);
}

struct vm_area_struct *hosted_vma_first(struct mm_struct *mm)
{
	return list_first_entry_or_null(&mm->vmas, struct vm_area_struct, node);
}

struct vm_area_struct *hosted_vma_next(struct vm_area_struct *vma)
{
	return vma->node.next == &vma->vm_mm->vmas ? NULL : list_next_entry(vma, node);
}

unsigned long hosted_vma_lookups;

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	hosted_vma_lookups++;
	mmap_assert_locked(mm);
	hosted_for_each_vma(mm, vma)
		if (addr < vma->vm_end)
			return vma;
	return NULL;
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && addr >= vma->vm_start ? vma : NULL;
}

bool hosted_vma_covers(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;

	for (; start < end; start = vma->vm_end) {
		vma = vma_lookup(mm, start);
		if (!vma)
			return false;
	}
	return true;
}

struct address_space *hosted_mapping(const struct vm_area_struct *vma)
{
	return file_inode(vma->vm_file)->i_mapping;
}

bool hosted_vma_is_anon(const struct vm_area_struct *vma)
{
	return !vma->vm_file;
}

bool hosted_vma_is_cow(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

int hosted_range_check(unsigned long addr, unsigned long len)
{
	if (!PAGE_ALIGNED(addr) || !PAGE_ALIGNED(len) || !len || len > HOSTED_TASK_SIZE ||
	    addr > HOSTED_TASK_SIZE - len)
		return -EINVAL;
	return 0;
}

/* ---- one mapping */

struct vm_area_struct *hosted_vma_dup(struct mm_struct *mm, const struct vm_area_struct *from)
{
	struct vm_area_struct *vma = hosted_alloc(sizeof(*vma));

	*vma = *from;
	vma->vm_mm = mm;
	vma->anon_vma = NULL;
	INIT_LIST_HEAD(&vma->anon_vma_chain);
	INIT_LIST_HEAD(&vma->shared);
	INIT_LIST_HEAD(&vma->node);
	if (vma->vm_file)
		hosted_file_get(vma->vm_file);
	return vma;
}

static void vma_insert(struct vm_area_struct *vma)
{
	struct vm_area_struct *next = find_vma(vma->vm_mm, vma->vm_start);

	list_add_tail(&vma->node, next ? &next->node : &vma->vm_mm->vmas);
}

/* Into the address space and, so that truncation finds it, to its file. */
void hosted_vma_link(struct vm_area_struct *vma)
{
	vma_insert(vma);
	if (!vma->vm_file)
		return;
	down_write(&hosted_mapping(vma)->i_mmap_rwsem);
	list_add_tail(&vma->shared, &hosted_mapping(vma)->i_mmap);
	up_write(&hosted_mapping(vma)->i_mmap_rwsem);
}

/* It is in no list of its address space any more. */
void hosted_vma_free(struct vm_area_struct *vma)
{
	hosted_anon_unlink(vma);
	if (vma->vm_file) {
		down_write(&hosted_mapping(vma)->i_mmap_rwsem);
		list_del_init(&vma->shared);
		up_write(&hosted_mapping(vma)->i_mmap_rwsem);
		hosted_file_put(vma->vm_file);
	}
	hosted_free(vma);
}

/* Those who look for a page of the mapping see either borders, or none. */
static void lock_borders(const struct vm_area_struct *vma)
{
	if (vma->vm_file)
		down_write(&hosted_mapping(vma)->i_mmap_rwsem);
	if (vma->anon_vma)
		down_write(hosted_anon_lock(vma->anon_vma));
}

static void unlock_borders(const struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		up_write(hosted_anon_lock(vma->anon_vma));
	if (vma->vm_file)
		up_write(&hosted_mapping(vma)->i_mmap_rwsem);
}

/* A border where there could be a huge page: the kernel tells of its end, was there one or not. */
static void split_huge_at(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long start = ALIGN_DOWN(addr, PMD_SIZE), end = start + PMD_SIZE;

	if (start == addr || start < vma->vm_start || end > vma->vm_end)
		return;
	if (hosted_generation == HOSTED_2009)
		hosted_split_huge(vma, addr);
	else if (hosted_populated(vma->vm_mm, start, end, HOSTED_PUD) == start)
		hosted_split_event(vma, addr);
}

/* Both parts are found from their pages at once. */
void hosted_vma_split(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *upper, *vma = vma_lookup(mm, addr);

	if (!vma || vma->vm_start == addr)
		return;
	upper = hosted_vma_dup(mm, vma);
	lock_borders(vma);
	split_huge_at(vma, addr);
	upper->vm_start = addr;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_end = addr;
	list_add(&upper->node, &vma->node);
	if (vma->vm_file)
		list_add(&upper->shared, &vma->shared);
	hosted_anon_clone(upper, vma);
	unlock_borders(vma);
}

static bool vma_fits(const struct vm_area_struct *vma, const struct vm_area_struct *next)
{
	unsigned long pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	return vma->vm_end == next->vm_start && vma->vm_flags == next->vm_flags &&
	       vma->vm_file == next->vm_file && vma->vm_pgoff + pages == next->vm_pgoff &&
	       (!vma->anon_vma || !next->anon_vma || vma->anon_vma == next->anon_vma);
}

/* As one step for those who come from a page; the lock is the same for both. */
static void vma_absorb(struct vm_area_struct *vma, struct vm_area_struct *next)
{
	lock_borders(next->anon_vma ? next : vma);
	if (!vma->anon_vma)
		hosted_anon_clone(vma, next);
	vma->vm_end = next->vm_end;
	list_del(&next->node);
	list_del_init(&next->shared);
	hosted_anon_unlink_locked(next);
	unlock_borders(vma);
	if (next->vm_file)
		hosted_file_put(next->vm_file);
	hosted_free(next);
}

void hosted_vma_merge(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma, *next;

	for (vma = hosted_vma_first(mm); vma; vma = next) {
		next = hosted_vma_next(vma);
		if (!next || vma->vm_end < start || next->vm_start > end || !vma_fits(vma, next))
			continue;
		vma_absorb(vma, next);
		next = vma;
	}
}

/* ---- mmap */

static bool range_is_free(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return !vma || vma->vm_start >= end;
}

static unsigned long may_flags(unsigned long flags)
{
	return flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
	       (flags & VM_SHARED ? VM_MAYSHARE : 0);
}

static void map_range(struct mm_struct *mm, const struct vm_area_struct *like)
{
	struct vm_area_struct *vma = hosted_vma_dup(mm, like);

	hosted_vma_link(vma);
	hosted_vma_merge(mm, vma->vm_start, vma->vm_end);
}

int hosted_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot,
		unsigned long flags, struct file *file, unsigned long pgoff)
{
	struct vm_area_struct vma = {
		.vm_start = addr,
		.vm_end = addr + len,
		.vm_flags = may_flags(prot | flags),
		.vm_pgoff = file ? pgoff : addr >> PAGE_SHIFT,
		.vm_file = file,
	};
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	/* Shared memory is pages of a file, if need be of one without a name. */
	if (flags & VM_SHARED && !file) {
		vma.vm_file = hosted_file_open(len >> PAGE_SHIFT, false);
		vma.vm_pgoff = 0;
	}
	mmap_write_lock(mm);
	if (range_is_free(mm, addr, addr + len))
		map_range(mm, &vma);
	else
		err = -EEXIST;
	mmap_write_unlock(mm);
	if (vma.vm_file != file)
		hosted_file_put(vma.vm_file);
	return err;
}

/* ---- munmap */

static void detach_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			 struct list_head *detached)
{
	struct vm_area_struct *vma, *next;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end; vma = next) {
		next = hosted_vma_next(vma);
		list_move_tail(&vma->node, detached);
	}
}

/* Those mappings are gone by which others would find the pages; then the tables can go. */
static void free_detached(struct mm_struct *mm, unsigned long start, struct list_head *detached)
{
	unsigned long floor = 0, ceiling = HOSTED_TASK_SIZE;
	struct vm_area_struct *vma, *next;

	list_for_each_entry_safe(vma, next, detached, node) {
		list_del(&vma->node);
		hosted_vma_free(vma);
	}
	hosted_for_each_vma(mm, vma) {
		if (vma->vm_end <= start)
			floor = vma->vm_end;
		else
			ceiling = min(ceiling, vma->vm_start);
	}
	hosted_free_tables(mm, floor, ceiling);
}

/* The mappings are out of the list; one event is about all of them. */
static void unmap_detached(struct mm_struct *mm, unsigned long start, unsigned long end,
			   struct list_head *detached)
{
	struct hosted_gather gather = {};
	struct mmu_notifier_range event;
	struct vm_area_struct *vma;

	hosted_event_init(&event, mm, MMU_NOTIFY_UNMAP, start, end, NULL);
	hosted_event_start(&event);
	list_for_each_entry(vma, detached, node)
		hosted_zap(vma, vma->vm_start, vma->vm_end, false, &gather);
	hosted_event_end(&event);
	free_detached(mm, start, detached);
	hosted_gather_free(&gather);
}

/* Under mmap_lock for writing, which is held for reading on return. */
static void unmap_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	LIST_HEAD(detached);

	hosted_vma_split(mm, start);
	hosted_vma_split(mm, end);
	detach_range(mm, start, end, &detached);
	mmap_write_downgrade(mm);
	if (!list_empty(&detached))
		unmap_detached(mm, start, end, &detached);
}

int hosted_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	mmap_write_lock(mm);
	unmap_range(mm, addr, addr + len);
	mmap_read_unlock(mm);
	return 0;
}

/* ---- mprotect, and what else changes entries in place */

/* Returns what the entry is to be, seen from the new rights of the mapping. */
static u64 entry_protect(const struct vm_area_struct *vma, u64 entry, bool hint)
{
	if (!(entry & HOSTED_PRESENT))
		return entry;
	if (hint || !(vma->vm_flags & VM_PROT))
		return entry | HOSTED_PROTNONE;
	entry &= ~HOSTED_PROTNONE;
	return vma->vm_flags & VM_WRITE ? entry : entry & ~HOSTED_WRITE;
}

static void protect_entry(struct vm_area_struct *vma, const struct hosted_place *place, bool hint)
{
	u64 old = hosted_get(place), entry = entry_protect(vma, old, hint);

	if (entry != old)
		hosted_set(vma->vm_mm, place, entry);
}

static void protect_entries(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			    bool hint)
{
	struct hosted_place place = {};

	while (hosted_lock_next(vma, &start, end, &place)) {
		protect_entry(vma, &place, hint);
		start = place.addr + place.size;
	}
}

/*
 * An event comes only if there are page tables: up to 6.1 for each GiB from the first table of
 * pages on, later for all from the first GiB with tables on.
 */
static void protect_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			bool hint)
{
	enum hosted_level level = hosted_generation <= HOSTED_6_1 ? HOSTED_PMD : HOSTED_PUD;
	struct mmu_notifier_range event;
	unsigned long stop;

	if (hosted_generation == HOSTED_2009)
		level = HOSTED_PGD;
	while ((start = hosted_populated(vma->vm_mm, start, end, level)) < end) {
		stop = level == HOSTED_PMD ? min(end, ALIGN(start + 1, SZ_1G)) : end;
		hosted_event_init(&event, vma->vm_mm, MMU_NOTIFY_PROTECTION_VMA, start, stop, NULL);
		hosted_event_start(&event);
		protect_entries(vma, start, stop, hint);
		hosted_event_end(&event);
		start = stop;
	}
}

int hosted_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot)
{
	unsigned long end = addr + len;
	struct vm_area_struct *vma;
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	mmap_write_lock(mm);
	if (!hosted_vma_covers(mm, addr, end)) {
		mmap_write_unlock(mm);
		return -ENOMEM;
	}
	hosted_vma_split(mm, addr);
	hosted_vma_split(mm, end);
	for (vma = find_vma(mm, addr); vma && vma->vm_start < end; vma = hosted_vma_next(vma)) {
		if ((vma->vm_flags & VM_PROT) == prot)
			continue;
		vma->vm_flags = (vma->vm_flags & ~VM_PROT) | prot;
		protect_vma(vma, vma->vm_start, vma->vm_end, false);
	}
	hosted_vma_merge(mm, addr, end);
	mmap_write_unlock(mm);
	return 0;
}

/* The next access faults, which shows on which node it runs. */
int hosted_numa_hint(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	unsigned long end = addr + len;
	struct vm_area_struct *vma;
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	mmap_read_lock(mm);
	for (vma = find_vma(mm, addr); vma && vma->vm_start < end; vma = hosted_vma_next(vma))
		if (vma->vm_flags & VM_PROT)
			protect_vma(vma, max(addr, vma->vm_start), min(end, vma->vm_end), true);
	mmap_read_unlock(mm);
	return 0;
}

/* ---- mremap */

static void move_entry(struct mm_struct *mm, const struct hosted_place *from, unsigned long to)
{
	struct hosted_place place = from->level == HOSTED_PMD ? hosted_huge_place(mm, to) :
								hosted_place_of(mm, to, true);
	u64 entry = hosted_get(from);

	hosted_set(mm, from, 0);
	hosted_set(mm, &place, entry);
}

/* The page tables move, with the locks by which others find their pages. */
static void move_entries(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 unsigned long to)
{
	struct mmu_notifier_range event;
	unsigned long addr = start;
	struct hosted_place place = {};

	hosted_event_init(&event, vma->vm_mm, MMU_NOTIFY_UNMAP, start, end, NULL);
	hosted_event_start(&event);
	lock_borders(vma);
	while (hosted_lock_next(vma, &addr, end, &place)) {
		if (place.level == HOSTED_PMD && !IS_ALIGNED(to - start, PMD_SIZE)) {
			spin_unlock(&vma->vm_mm->page_table_lock);
			hosted_split_huge(vma, addr);
			place.slot = NULL;
			continue;
		}
		move_entry(vma->vm_mm, &place, to + place.addr - start);
		addr = place.addr + place.size;
	}
	unlock_borders(vma);
	hosted_event_end(&event);
}

/* The old place stays mapped, without pages. Under mmap_lock for writing. */
static int move_range(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long to,
		      unsigned long new_len)
{
	struct vm_area_struct *vma, *fresh;

	if (!range_is_free(mm, to, to + new_len))
		return -EINVAL;
	vma = vma_lookup(mm, addr);
	fresh = hosted_vma_dup(mm, vma);
	fresh->vm_start = to;
	fresh->vm_end = to + new_len;
	fresh->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	lock_borders(vma);
	hosted_anon_clone(fresh, vma);
	unlock_borders(vma);
	hosted_vma_link(fresh);
	move_entries(vma, addr, addr + len, to);
	return 0;
}

static int grow_range(struct mm_struct *mm, unsigned long end, unsigned long new_end)
{
	struct vm_area_struct *vma = vma_lookup(mm, end - 1);

	if (vma->vm_end != end || !range_is_free(mm, end, new_end))
		return -ENOMEM;
	lock_borders(vma);
	vma->vm_end = new_end;
	unlock_borders(vma);
	hosted_vma_merge(mm, end, new_end);
	return 0;
}

int hosted_mremap(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long to,
		  unsigned long new_len)
{
	struct vm_area_struct *vma;
	int err = hosted_range_check(addr, len) ?: hosted_range_check(to, new_len);

	if (!err && new_len < len)
		err = hosted_munmap(mm, addr + new_len, len - new_len);
	if (err)
		return err;
	len = min(len, new_len);
	mmap_write_lock(mm);
	vma = vma_lookup(mm, addr);
	if (!vma || addr + len > vma->vm_end)
		err = -EFAULT;
	else if (to != addr)
		err = move_range(mm, addr, len, to, new_len);
	else if (new_len > len)
		err = grow_range(mm, addr + len, addr + new_len);
	if (err || to == addr) {
		mmap_write_unlock(mm);
		return err;
	}
	unmap_range(mm, addr, addr + len);
	mmap_read_unlock(mm);
	return 0;
}
