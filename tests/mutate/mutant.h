/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mutate.cocci puts into the code. Every mutant is in the program, and at most one of them is
 * chosen by the environment when it starts. That takes a call, and no access to memory that the
 * explorer would see.
 */
#ifndef TESTS_MUTATE_MUTANT_H
#define TESTS_MUTATE_MUTANT_H

#ifndef __ASSEMBLER__

struct mutant {
	const char *file;
	const char *function;
	const char *kind;
	const char *text;
	int line; /* of the changed file: only tells those apart that are otherwise the same */
	_Bool chosen;
	unsigned int number; /* from 0, in this program */
};

_Bool mutant_is_chosen(const struct mutant *mutant);

/* The section has pointers only, so that it is an array. */
#define MUTANT(what, code)                                                        \
	({                                                                        \
		static struct mutant mutant_here = { .file = __FILE__,            \
						     .function = __func__,        \
						     .kind = what,                \
						     .text = code,                \
						     .line = __LINE__ };          \
		static struct mutant *mutant_entry                                \
			__attribute__((section("mutants"), used)) = &mutant_here; \
		mutant_is_chosen(&mutant_here);                                   \
	})

#define MUTANT_DELETE(...)                             \
	do {                                           \
		if (!MUTANT("delete", #__VA_ARGS__)) { \
			__VA_ARGS__;                   \
		}                                      \
	} while (0)

#define MUTANT_NEGATE(...) (MUTANT("negate", #__VA_ARGS__) != !!(__VA_ARGS__))

#define page_aligned(addr) PAGE_ALIGNED(addr)

/* The first of the two calls before it was left out, see mutant.c. */
#define MUTANT_SWAP(first, second)            \
	do {                                  \
		if (MUTANT("swap", #first)) { \
			first;                \
		}                             \
	} while (0)

#endif
#endif
