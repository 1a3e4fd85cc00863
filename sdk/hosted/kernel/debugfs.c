// SPDX-License-Identifier: GPL-2.0-only
/* debugfs: folders, files that a function writes, and numbers. */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "internal.h"

struct dentry {
	char name[32];
	struct dentry *parent;
	struct list_head children;
	struct list_head node; /* among the children of the parent */
	const struct file_operations *fops;
	void *data;
	u32 *value;
};

static struct dentry root = { .children = LIST_HEAD_INIT(root.children) };

static struct dentry *create(const char *name, struct dentry *parent)
{
	struct dentry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (IS_ERR(parent) || !entry) {
		kfree(entry);
		return ERR_PTR(-ENOMEM);
	}
	strscpy(entry->name, name, sizeof(entry->name));
	entry->parent = parent ?: &root;
	INIT_LIST_HEAD(&entry->children);
	list_add_tail(&entry->node, &entry->parent->children);
	return entry;
}

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	return create(name, parent);
}

struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
				   void *data, const struct file_operations *fops)
{
	struct dentry *entry = create(name, parent);

	if (!IS_ERR(entry)) {
		entry->fops = fops;
		entry->data = data;
	}
	return entry;
}

void debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value)
{
	struct dentry *entry = create(name, parent);

	if (!IS_ERR(entry))
		entry->value = value;
}

void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value)
{
	debugfs_create_u32(name, mode, parent, (u32 *)&value->counter);
}

void debugfs_remove_recursive(struct dentry *entry)
{
	if (IS_ERR_OR_NULL(entry))
		return;
	while (!list_empty(&entry->children))
		debugfs_remove_recursive(list_first_entry(&entry->children, struct dentry, node));
	list_del(&entry->node);
	kfree(entry);
}

static struct dentry *child(const struct dentry *parent, const char *name, size_t length)
{
	struct dentry *entry;

	list_for_each_entry(entry, &parent->children, node)
		if (!strncmp(entry->name, name, length) && !entry->name[length])
			return entry;
	return NULL;
}

static struct dentry *find(const char *path)
{
	struct dentry *entry = &root;
	const char *end;

	while (entry && *path) {
		end = strchr(path, '/') ?: path + strlen(path);
		entry = child(entry, path, end - path);
		path = *end ? end + 1 : end;
	}
	return entry;
}

static ssize_t read_file(const struct dentry *entry, char *text, size_t size)
{
	struct inode inode = { .i_private = entry->data };
	struct file file = { .f_inode = &inode, .f_op = entry->fops };
	ssize_t result = entry->fops->open(&inode, &file);

	if (result)
		return result;
	current->argument = text;
	current->argument_size = size;
	result = entry->fops->read(&file, text, size, &file.f_pos);
	current->argument = NULL;
	entry->fops->release(&inode, &file);
	return result;
}

ssize_t hosted_debugfs_read(const char *path, char *text, size_t size)
{
	const struct dentry *entry = find(path);

	return entry && entry->fops ? read_file(entry, text, size) : -ENOENT;
}

int hosted_debugfs_write(const char *path, u32 value)
{
	const struct dentry *entry = find(path);

	if (!entry || !entry->value)
		return -ENOENT;
	hosted_point(HOSTED_MARKED_WRITE, entry->value, sizeof(*entry->value));
	*entry->value = value;
	return 0;
}

/* ---- files whose content a function writes */

int single_open(struct file *file, int (*show)(struct seq_file *file, void *unused), void *data)
{
	struct seq_file *seq = kzalloc(sizeof(*seq), GFP_KERNEL);

	if (!seq)
		return -ENOMEM;
	seq->show = show;
	seq->private = data;
	file->private_data = seq;
	return 0;
}

int single_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;

	kfree(seq->text);
	kfree(seq);
	return 0;
}

static int seq_fill(struct seq_file *seq)
{
	if (seq->text)
		return 0;
	seq->text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	seq->size = PAGE_SIZE;
	return seq->text ? seq->show(seq, NULL) : -ENOMEM;
}

ssize_t seq_read(struct file *file, char __user *data, size_t size, loff_t *pos)
{
	struct seq_file *seq = file->private_data;
	int error = seq_fill(seq);

	return error ?: simple_read_from_buffer(data, size, pos, seq->text, seq->used);
}

void seq_printf(struct seq_file *file, const char *format, ...)
{
	size_t room = file->size - file->used;
	va_list args;
	int written;

	va_start(args, format);
	written = vsnprintf(file->text + file->used, room, format, args);
	va_end(args);
	WARN(written < 0 || (size_t)written >= room, "seq_file: more than a page");
	file->used += written;
}

void seq_puts(struct seq_file *file, const char *text)
{
	seq_printf(file, "%s", text);
}
