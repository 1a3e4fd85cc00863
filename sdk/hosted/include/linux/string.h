/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: strings and memory. */
#ifndef HOSTED_LINUX_STRING_H
#define HOSTED_LINUX_STRING_H

#include <linux/errno.h>
#include <linux/types.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *text, int c);
char *strstr(const char *text, const char *part);
ssize_t strscpy(char *to, const char *from, size_t size);
/* The place of a text in an array that ends after n or with NULL; its newline does not count. */
int __sysfs_match_string(const char *const *array, size_t n, const char *text);

#define sysfs_match_string(array, text) __sysfs_match_string(array, ARRAY_SIZE(array), text)

static inline void *memset_l(unsigned long *to, unsigned long value, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = value;
	return to;
}

#endif
