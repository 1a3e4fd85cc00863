/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: files whose content a function writes. */
#ifndef HOSTED_LINUX_SEQ_FILE_H
#define HOSTED_LINUX_SEQ_FILE_H

#include <linux/fs.h>

struct seq_file {
	char *text;
	size_t size;
	size_t used;
	void *private;
	int (*show)(struct seq_file *file, void *unused);
};

void seq_printf(struct seq_file *file, const char *format, ...) __printf(2, 3);
void seq_puts(struct seq_file *file, const char *text);

int single_open(struct file *file, int (*show)(struct seq_file *file, void *unused), void *data);
int single_release(struct inode *inode, struct file *file);
ssize_t seq_read(struct file *file, char __user *data, size_t size, loff_t *pos);

#define DEFINE_SHOW_ATTRIBUTE(name)                                      \
	static int name##_open(struct inode *inode, struct file *file)   \
	{                                                                \
		return single_open(file, name##_show, inode->i_private); \
	}                                                                \
	static const struct file_operations name##_fops = {              \
		.open = name##_open,                                     \
		.read = seq_read,                                        \
		.release = single_release,                               \
	}

#endif
