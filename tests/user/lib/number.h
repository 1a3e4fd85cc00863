/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that the kernel tells in files; for every program of the guest. */
#ifndef XMMU_NUMBER_H
#define XMMU_NUMBER_H

/*
 * The number that a file begins with or, with a word, the one after it in the line that begins with
 * the word. -1 if there is none.
 */
long number_in(const char *path, const char *word);

#endif
