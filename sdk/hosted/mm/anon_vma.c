// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which mappings may have an anonymous page: those that are chained to its anon_vma. A mapping has
 * one of its own for new pages, and after a fork those of its parents too. All of a family share
 * the lock of the first one.
 */
#include "internal.h"

static struct anon_vma *anon_vma_alloc(struct anon_vma *root)
{
	struct anon_vma *anon_vma = hosted_alloc(sizeof(*anon_vma));

	init_rwsem(&anon_vma->rwsem);
	INIT_LIST_HEAD(&anon_vma->chains);
	anon_vma->root = root ?: anon_vma;
	if (root)
		hosted_anon_get(root);
	return anon_vma;
}

void hosted_anon_get(struct anon_vma *anon_vma)
{
	anon_vma->refs++;
}

void hosted_anon_put(struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	if (--anon_vma->refs)
		return;
	hosted_free(anon_vma);
	if (root != anon_vma)
		hosted_anon_put(root);
}

static void chain(struct vm_area_struct *vma, struct anon_vma *anon_vma)
{
	struct anon_vma_chain *chain = hosted_alloc(sizeof(*chain));

	chain->vma = vma;
	chain->anon_vma = anon_vma;
	hosted_anon_get(anon_vma);
	list_add_tail(&chain->in_vma, &vma->anon_vma_chain);
	list_add_tail(&chain->in_anon_vma, &anon_vma->chains);
}

/* Before the first anonymous page, under mmap_lock: two threads may come at once. */
void hosted_anon_prepare(struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma;

	if (vma->anon_vma)
		return;
	anon_vma = anon_vma_alloc(NULL);
	down_write(&anon_vma->rwsem);
	spin_lock(&vma->vm_mm->page_table_lock);
	if (!vma->anon_vma) {
		chain(vma, anon_vma);
		vma->anon_vma = anon_vma;
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
	up_write(&anon_vma->rwsem);
	if (vma->anon_vma != anon_vma)
		hosted_free(anon_vma);
}

/* The same pages may be in both. Under the lock of the family, which a mapping without has not. */
void hosted_anon_clone(struct vm_area_struct *vma, const struct vm_area_struct *from)
{
	struct anon_vma_chain *link;

	list_for_each_entry(link, &from->anon_vma_chain, in_vma)
		chain(vma, link->anon_vma);
	vma->anon_vma = from->anon_vma;
}

/* The child's mapping: it shares the pages of now, and its new ones are its own. */
void hosted_anon_fork(struct vm_area_struct *vma, const struct vm_area_struct *from)
{
	struct anon_vma *own;

	if (!from->anon_vma)
		return;
	own = anon_vma_alloc(from->anon_vma->root);
	down_write(hosted_anon_lock(own));
	hosted_anon_clone(vma, from);
	chain(vma, own);
	vma->anon_vma = own;
	up_write(hosted_anon_lock(own));
}

void hosted_anon_unlink_locked(struct vm_area_struct *vma)
{
	struct anon_vma_chain *link, *next;

	list_for_each_entry_safe(link, next, &vma->anon_vma_chain, in_vma) {
		list_del(&link->in_vma);
		list_del(&link->in_anon_vma);
		hosted_anon_put(link->anon_vma);
		hosted_free(link);
	}
	vma->anon_vma = NULL;
}

void hosted_anon_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *root;

	if (!vma->anon_vma)
		return;
	root = vma->anon_vma->root;
	hosted_anon_get(root);
	down_write(&root->rwsem);
	hosted_anon_unlink_locked(vma);
	up_write(&root->rwsem);
	hosted_anon_put(root);
}
