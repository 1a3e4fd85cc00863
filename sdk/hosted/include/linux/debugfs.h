/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: files for looking inside. */
#ifndef HOSTED_LINUX_DEBUGFS_H
#define HOSTED_LINUX_DEBUGFS_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

struct dentry;

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
				   void *data, const struct file_operations *fops);
void debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value);
void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent,
			     atomic_t *value);
void debugfs_remove_recursive(struct dentry *entry);

#endif
