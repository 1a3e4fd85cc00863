// SPDX-License-Identifier: GPL-2.0-only
/* Files: their pages in memory, their size, and what writeback does to page tables. */
#include <linux/magic.h>

#include "internal.h"

#define EXT4_SUPER_MAGIC 0xef53

/* A file with all that belongs to it; f_count is of those who use it. */
struct hosted_file {
	struct file file;
	struct inode inode;
	struct super_block sb;
	struct address_space mapping;
};

static struct address_space *mapping_of(struct file *file)
{
	return file_inode(file)->i_mapping;
}

struct file *hosted_file_open(unsigned long pages, bool disk)
{
	struct hosted_file *file = hosted_alloc(sizeof(*file));

	file->sb.s_magic = disk ? EXT4_SUPER_MAGIC : TMPFS_MAGIC;
	file->inode.i_sb = &file->sb;
	file->inode.i_mapping = &file->mapping;
	file->file.f_inode = &file->inode;
	file->file.f_mapping = &file->mapping;
	file->file.f_count = 1;
	file->mapping.pages = pages;
	file->mapping.disk = disk;
	file->mapping.store = hosted_table_alloc();
	INIT_LIST_HEAD(&file->mapping.folios);
	INIT_LIST_HEAD(&file->mapping.i_mmap);
	init_rwsem(&file->mapping.invalidate_lock);
	init_rwsem(&file->mapping.i_mmap_rwsem);
	return &file->file;
}

void hosted_file_get(struct file *file)
{
	file->f_count++;
}

/* Without a name a file is gone with its last user. */
void hosted_file_put(struct file *file)
{
	if (--file->f_count)
		return;
	hosted_truncate(file, 0);
	hosted_index_free(mapping_of(file)->store);
	hosted_free(container_of(file, struct hosted_file, file));
}

/* ---- pages in memory; the file has a reference to each */

static struct folio *cache_find(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio;

	list_for_each_entry(folio, &mapping->folios, node)
		if (folio->index == index)
			return folio;
	return NULL;
}

bool hosted_cache_has(struct address_space *mapping, pgoff_t index)
{
	return cache_find(mapping, index);
}

struct folio *hosted_cache_get(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = cache_find(mapping, index);
	u64 *words = hosted_index_get(mapping->store, index);

	if (!folio) {
		folio = hosted_folio_alloc(0);
		if (!folio)
			return NULL;
		folio->mapping = mapping;
		folio->index = index;
		if (words)
			hosted_page_write(folio->pfn, 0, words, HOSTED_WORDS * sizeof(u64));
		list_add_tail(&folio->node, &mapping->folios);
	}
	hosted_folio_hold(folio);
	return folio;
}

void hosted_cache_remove(struct folio *folio)
{
	folio->mapping = NULL;
	list_del_init(&folio->node);
	folio_put(folio);
}

void hosted_cache_replace(struct folio *old, struct folio *folio)
{
	folio->mapping = old->mapping;
	folio->index = old->index;
	hosted_folio_hold(folio);
	list_add_tail(&folio->node, &old->node);
	hosted_cache_remove(old);
}

/* What is in memory becomes what is in the file. */
void hosted_cache_write(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;
	u64 *words = hosted_index_get(mapping->store, folio->index);

	if (!words) {
		words = hosted_alloc(HOSTED_WORDS * sizeof(u64));
		hosted_index_set(mapping->store, folio->index, words);
	}
	hosted_page_read(folio->pfn, 0, words, HOSTED_WORDS * sizeof(u64));
	hosted_folio_clear(folio, HOSTED_PG_DIRTY);
}

static void store_forget(struct address_space *mapping, pgoff_t first, pgoff_t end)
{
	void *words;

	for (; first < end; first++) {
		words = hosted_index_get(mapping->store, first);
		if (!words)
			continue;
		hosted_index_set(mapping->store, first, NULL);
		hosted_free(words);
	}
}

/* ---- truncation and holes */

/* In each mapping; with only_file, pages that a process has written for itself stay. */
static void unmap_mappings(struct address_space *mapping, pgoff_t first, pgoff_t end,
			   bool only_file)
{
	struct vm_area_struct *vma;
	pgoff_t from, to;

	down_read(&mapping->i_mmap_rwsem);
	list_for_each_entry(vma, &mapping->i_mmap, shared) {
		from = max(first, vma->vm_pgoff);
		to = min(end, vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT));
		if (from < to)
			hosted_zap_event(vma,
					 vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT),
					 vma->vm_start + ((to - vma->vm_pgoff) << PAGE_SHIFT),
					 only_file);
	}
	up_read(&mapping->i_mmap_rwsem);
}

static struct folio *first_in(struct address_space *mapping, pgoff_t first, pgoff_t end)
{
	struct folio *folio;

	list_for_each_entry(folio, &mapping->folios, node)
		if (folio->index >= first && folio->index < end)
			return folio;
	return NULL;
}

/* One that was mapped again meanwhile is unmapped, now that nobody can any more. */
static void remove_pages(struct address_space *mapping, pgoff_t first, pgoff_t end)
{
	struct folio *folio;

	while ((folio = first_in(mapping, first, end))) {
		hosted_folio_hold(folio);
		folio_lock(folio);
		if (folio->mapping == mapping && folio->maps)
			unmap_mappings(mapping, folio->index, folio->index + 1, true);
		if (folio->mapping == mapping)
			hosted_cache_remove(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
	store_forget(mapping, first, end);
}

/* A fault that has read the old size may map a page until its folio is removed. */
int hosted_truncate(struct file *file, unsigned long pages)
{
	struct address_space *mapping = mapping_of(file);
	pgoff_t old;

	down_write(&mapping->invalidate_lock);
	old = mapping->pages;
	mapping->pages = pages;
	if (pages < old) {
		unmap_mappings(mapping, pages, ULONG_MAX, false);
		remove_pages(mapping, pages, old);
		unmap_mappings(mapping, pages, ULONG_MAX, false);
	}
	up_write(&mapping->invalidate_lock);
	return 0;
}

int hosted_punch_hole(struct file *file, unsigned long first, unsigned long pages)
{
	struct address_space *mapping = mapping_of(file);
	pgoff_t end = first + pages;

	if (!pages || end < first)
		return -EINVAL;
	down_write(&mapping->invalidate_lock);
	unmap_mappings(mapping, first, end, true);
	remove_pages(mapping, first, min(end, mapping->pages));
	up_write(&mapping->invalidate_lock);
	return 0;
}

/* ---- writeback */

/* The next write is to fault, and makes the page dirty again. */
static bool clean_one(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
		      void *unused)
{
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;
	u64 entry;

	if (!(vma->vm_flags & VM_SHARED))
		return true;
	hosted_event_init(&event, mm, MMU_NOTIFY_PROTECTION_PAGE, addr,
			  hosted_rmap_end(vma, addr, folio), NULL);
	hosted_single_start(&event);
	spin_lock(&mm->page_table_lock);
	place = hosted_rmap_place(mm, addr, folio);
	if (place.slot && hosted_get(&place) & (HOSTED_WRITE | HOSTED_DIRTY)) {
		entry = hosted_single_clear(mm, &place);
		hosted_set(mm, &place, entry & ~(HOSTED_WRITE | HOSTED_DIRTY));
	}
	spin_unlock(&mm->page_table_lock);
	hosted_single_end(&event);
	return true;
}

static bool look_for_writes(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
			    void *dirty)
{
	struct hosted_place place;

	spin_lock(&vma->vm_mm->page_table_lock);
	place = hosted_rmap_place(vma->vm_mm, addr, folio);
	if (place.slot && hosted_get(&place) & (HOSTED_WRITE | HOSTED_DIRTY))
		*(bool *)dirty = true;
	spin_unlock(&vma->vm_mm->page_table_lock);
	return !*(bool *)dirty;
}

/* The file system was asked before the first write, and remembers. */
static bool is_dirty(struct folio *folio)
{
	bool dirty = hosted_folio_test(folio, HOSTED_PG_DIRTY);

	if (!dirty)
		hosted_rmap_walk(folio, look_for_writes, &dirty);
	return dirty;
}

int hosted_writeback(struct file *file)
{
	struct address_space *mapping = mapping_of(file);
	struct folio *folio;
	pgoff_t index = 0;

	if (!mapping->disk)
		return -EINVAL;
	for (; (folio = first_in(mapping, index, ULONG_MAX)); index++) {
		folio = cache_find(mapping, index);
		if (!folio)
			continue;
		hosted_folio_hold(folio);
		folio_lock(folio);
		if (folio->mapping == mapping && is_dirty(folio)) {
			hosted_rmap_walk(folio, clean_one, NULL);
			hosted_cache_write(folio);
		}
		folio_unlock(folio);
		folio_put(folio);
	}
	return 0;
}
