// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device files: registration, the system calls on them, and the memory of their
 * callers. A file is released when its last system call has returned, as with a
 * descriptor that is closed meanwhile.
 */
#include <linux/ioctl.h>
#include <linux/magic.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "../mm/cpu.h"
#include "internal.h"

static LIST_HEAD(misc_list);
/* Held while a driver opens its file. */
static DEFINE_MUTEX(misc_mutex);
static struct super_block devtmpfs = { .s_magic = TMPFS_MAGIC };
static struct inode device_inode = { .i_sb = &devtmpfs };

static struct miscdevice *misc_find(const char *name)
{
	struct miscdevice *misc;

	list_for_each_entry(misc, &misc_list, list)
		if (!strcmp(misc->name, name))
			return misc;
	return NULL;
}

int misc_register(struct miscdevice *misc)
{
	int error = 0;

	mutex_lock(&misc_mutex);
	if (misc_find(misc->name))
		error = -EEXIST;
	else
		list_add_tail(&misc->list, &misc_list);
	mutex_unlock(&misc_mutex);
	return error;
}

void misc_deregister(struct miscdevice *misc)
{
	mutex_lock(&misc_mutex);
	list_del(&misc->list);
	mutex_unlock(&misc_mutex);
}

static void module_put(struct module *module)
{
	if (module)
		module->users--;
}

static struct file *file_create(struct miscdevice *misc, unsigned int flags)
{
	struct file *file = hosted_alloc(sizeof(*file));

	file->f_inode = &device_inode;
	file->f_op = misc->fops;
	file->f_flags = flags;
	file->private_data = misc;
	file->f_count = 1;
	if (file->f_op->owner)
		file->f_op->owner->users++;
	return file;
}

static void file_free(struct file *file)
{
	module_put(file->f_op->owner);
	hosted_free(file);
}

static struct file *misc_open(const char *device, unsigned int flags)
{
	struct miscdevice *misc = misc_find(device);
	struct file *file;
	int error = 0;

	if (!misc)
		return ERR_PTR(-ENOENT);
	file = file_create(misc, flags);
	if (file->f_op->open)
		error = file->f_op->open(&device_inode, file);
	if (!error)
		return file;
	file_free(file);
	return ERR_PTR(error);
}

struct file *hosted_open(const char *device, unsigned int flags)
{
	struct file *file;

	mutex_lock(&misc_mutex);
	file = misc_open(device, flags);
	mutex_unlock(&misc_mutex);
	hosted_thread_check();
	return file;
}

static void file_get(struct file *file)
{
	hosted_check(file, sizeof(*file));
	file->f_count++;
}

static void file_put(struct file *file)
{
	if (!--file->f_count) {
		if (file->f_op->release)
			file->f_op->release(file->f_inode, file);
		file_free(file);
	}
	hosted_thread_check();
}

void hosted_close(struct file *file)
{
	hosted_check(file, sizeof(*file));
	file_put(file);
}

/* ---- system calls: the memory of the scenario that copy_*_user() may touch is
 * named for each */

static void set_argument(void *argument, size_t size)
{
	current->argument = argument;
	current->argument_size = size;
}

long hosted_ioctl(struct file *file, unsigned int number, void *argument)
{
	long result;

	file_get(file);
	set_argument(argument, _IOC_SIZE(number));
	result = file->f_op->unlocked_ioctl(file, number, (unsigned long)argument);
	set_argument(NULL, 0);
	file_put(file);
	return result;
}

static ssize_t do_read(struct file *file, char *data, size_t size)
{
	ssize_t result;

	file_get(file);
	result = file->f_op->read(file, data, size, &file->f_pos);
	file_put(file);
	return result;
}

ssize_t hosted_read(struct file *file, void *data, size_t size)
{
	ssize_t result;

	set_argument(data, size);
	result = do_read(file, data, size);
	set_argument(NULL, 0);
	return result;
}

ssize_t hosted_read_user(struct file *file, unsigned long addr, size_t size)
{
	return do_read(file, (char *)addr, size);
}

ssize_t hosted_write_user(struct file *file, unsigned long addr, size_t size)
{
	ssize_t result;

	file_get(file);
	result = file->f_op->write(file, (const char *)addr, size, &file->f_pos);
	file_put(file);
	return result;
}

/* The task runs on, and the driver may sleep while it looks. */
void poll_wait(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	if (!table)
		return;
	if (table->count == HOSTED_POLL_QUEUES)
		hosted_fail("scenario", "a file has more than %d wait queues", HOSTED_POLL_QUEUES);
	table->waits[table->count].queue = queue;
	table->waits[table->count].entry.woken = &table->woken;
	prepare_to_wait_event(queue, &table->waits[table->count].entry, TASK_RUNNING);
	table->count++;
}

/* Not at all if there was a wake-up since the driver joined its queues. */
static long poll_sleep(const poll_table *table, long left)
{
	if (table->woken)
		return left;
	current->__state = TASK_INTERRUPTIBLE;
	return schedule_timeout(left);
}

static void poll_leave(poll_table *table)
{
	while (table->count--)
		finish_wait(table->waits[table->count].queue, &table->waits[table->count].entry);
}

/* The driver looks again after each wake-up. */
static __poll_t poll_until(struct file *file, __poll_t events, long left)
{
	poll_table table = {};
	__poll_t seen = file->f_op->poll(file, &table) & events;

	while (!seen && left && !signal_pending(current)) {
		left = poll_sleep(&table, left);
		poll_leave(&table);
		memset(&table, 0, sizeof(table));
		seen = file->f_op->poll(file, &table) & events;
	}
	poll_leave(&table);
	return seen;
}

__poll_t hosted_poll(struct file *file, __poll_t events, unsigned int timeout_ms)
{
	__poll_t seen;

	file_get(file);
	seen = poll_until(file, events | EPOLLERR | EPOLLHUP, msecs_to_jiffies(timeout_ms));
	file_put(file);
	return seen;
}

int stream_open(struct inode *inode, struct file *file)
{
	return 0;
}

long compat_ptr_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	return file->f_op->unlocked_ioctl(file, number, argument);
}

ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *pos, const void *from,
				size_t available)
{
	if (*pos < 0)
		return -EINVAL;
	if ((size_t)*pos >= available)
		return 0;
	count = min(count, available - *pos);
	count -= copy_to_user(to, (const char *)from + *pos, count);
	*pos += count;
	return count ? (ssize_t)count : -EFAULT;
}

/* ---- memory of the caller, which may have to be faulted in */

#define HOSTED_WORD sizeof(u64)

static bool in_argument(const void *user, size_t size)
{
	size_t offset = (const char *)user - current->argument;

	return current->argument && offset <= current->argument_size &&
	       size <= current->argument_size - offset;
}

static void might_fault(void)
{
	might_sleep();
	if (current->mm)
		hosted_dep_pass(&current->mm->mmap_lock.dep_map);
}

/* The part of a copy that lies in one word of the process. */
static int copy_word(unsigned long addr, char *data, size_t size, bool to_user)
{
	unsigned long word = ALIGN_DOWN(addr, HOSTED_WORD);
	u64 value;
	int error = hosted_load(current->mm, word, &value);

	if (error)
		return error;
	if (!to_user) {
		memcpy(data, (char *)&value + (addr - word), size);
		return 0;
	}
	memcpy((char *)&value + (addr - word), data, size);
	return hosted_store(current->mm, word, value);
}

static unsigned long copy_user(unsigned long addr, char *data, unsigned long size, bool to_user)
{
	unsigned long part;

	if (!current->mm)
		return size;
	for (; size; size -= part, addr += part, data += part) {
		part = min(size, HOSTED_WORD - addr % HOSTED_WORD);
		if (copy_word(addr, data, part, to_user))
			break;
	}
	return size;
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long size)
{
	might_fault();
	if (!in_argument(from, size))
		return copy_user((unsigned long)from, to, size, false);
	memcpy(to, from, size);
	return 0;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long size)
{
	might_fault();
	if (!in_argument(to, size))
		return copy_user((unsigned long)to, (char *)from, size, true);
	memcpy(to, from, size);
	return 0;
}
