// SPDX-License-Identifier: GPL-2.0-only
/* Text: messages, warnings, strings. Sorting of lists. Random numbers. */
#include <linux/list_sort.h>
#include <linux/random.h>
#include <linux/sysfs.h>

#include "internal.h"

#define HOSTED_LINE 256

void (*hosted_console)(const char *text);

static void print_line(const char *format, va_list args)
{
	char line[HOSTED_LINE];
	int size = vsnprintf(line, sizeof(line), format, args);

	if (hosted_console)
		hosted_console(line);
	size = min(size, HOSTED_LINE - 1);
	while (size && line[size - 1] == '\n')
		line[--size] = '\0';
	hosted_note("%s", line);
}

void _printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

unsigned int hosted_warnings_due;

void hosted_warn(const char *file, int line, const char *format, ...)
{
	char text[HOSTED_LINE];
	va_list args;

	if (hosted_warnings_due) {
		hosted_warnings_due--;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hosted_fail("warning", "%s:%d: %s", file, line, text);
}

void hosted_bug(const char *file, int line)
{
	hosted_fail("warning", "%s:%d: BUG", file, line);
}

int scnprintf(char *text, size_t size, const char *format, ...)
{
	va_list args;
	int written;

	if (!size)
		return 0;
	va_start(args, format);
	written = vsnprintf(text, size, format, args);
	va_end(args);
	return min_t(int, written, size - 1);
}

int sysfs_emit(char *buffer, const char *format, ...)
{
	va_list args;
	int written;

	va_start(args, format);
	written = vsnprintf(buffer, 4096, format, args);
	va_end(args);
	return min(written, 4095);
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (!size)
		return -E2BIG;
	memcpy(to, from, min(length, size - 1));
	to[min(length, size - 1)] = '\0';
	return length < size ? (ssize_t)length : -E2BIG;
}

static bool is_word(const char *word, const char *text)
{
	size_t length = strlen(word);

	if (strncmp(word, text, length))
		return false;
	return !text[length] || (text[length] == '\n' && !text[length + 1]);
}

int __sysfs_match_string(const char *const *array, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n && array[i]; i++)
		if (is_word(array[i], text))
			return i;
	return -EINVAL;
}

/* Each goes behind those that it does not come before. */
void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp)
{
	struct list_head *entry, *next, *prev;

	for (entry = head->next; entry != head; entry = next) {
		next = entry->next;
		for (prev = entry->prev; prev != head && cmp(priv, prev, entry) > 0;)
			prev = prev->prev;
		if (prev == entry->prev)
			continue;
		__list_del_entry(entry);
		list_add(entry, prev);
	}
}

/* Drawn anew in each schedule: state of the kernel, as the memory of a program is. */
u32 get_random_u32(void)
{
	static u32 state;

	state = state * 1664525 + 1013904223;
	return state;
}
