/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: open files, as far as drivers see them. */
#ifndef HOSTED_LINUX_FS_H
#define HOSTED_LINUX_FS_H

#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/types.h>

struct address_space;
struct file;
struct inode;
struct module;
struct poll_table_struct;
struct vm_area_struct;

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
	struct address_space *i_mapping;
	void *i_private;
	loff_t i_size;
};

struct file_operations {
	struct module *owner;
	ssize_t (*read)(struct file *file, char __user *data, size_t size, loff_t *pos);
	ssize_t (*write)(struct file *file, const char __user *data, size_t size, loff_t *pos);
	__poll_t (*poll)(struct file *file, struct poll_table_struct *table);
	long (*unlocked_ioctl)(struct file *file, unsigned int number, unsigned long argument);
	long (*compat_ioctl)(struct file *file, unsigned int number, unsigned long argument);
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	loff_t (*llseek)(struct file *file, loff_t offset, int whence);
	int (*mmap)(struct file *file, struct vm_area_struct *vma); /* never called */
};

struct file {
	struct inode *f_inode;
	struct address_space *f_mapping;
	const struct file_operations *f_op;
	unsigned int f_flags;
	loff_t f_pos;
	void *private_data;
	int f_count; /* system calls that run, and one for the descriptor */
};

static inline struct inode *file_inode(const struct file *file)
{
	return file->f_inode;
}

int stream_open(struct inode *inode, struct file *file);
long compat_ptr_ioctl(struct file *file, unsigned int number, unsigned long argument);
ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *pos, const void *from,
				size_t available);

#endif
