// SPDX-License-Identifier: GPL-2.0-only
/* The scripts. README.md has the language. */
#include "scripts.h"

#define ANON  "anon"
#define SHMEM "shared file"
#define FILES "shared file disk"
#define SMALL "anon shared file disk private"
#define ALL   "anon shared file disk private thp"
#define OWN   "anon private"
#define THP   "thp"

const struct conform_script conform_scripts[] = {
	/* ---- munmap */
	{ "munmap-all", ALL, "munmap all" },
	{ "munmap-first", ALL, "munmap 0; load 1" },
	{ "munmap-last", ALL, "munmap last; load 0; store last" },
	{ "munmap-middle", ALL, "munmap 1-3; load 0; store 1; munmap all; munmap all" },
	{ "munmap-more", ALL, "munmap 0-1024" },
	{ "munmap-untouched", ALL, "map all; record; munmap all" },
	{ "munmap-two", SMALL, "map 0-2; map 6-8; store 0-2; store 6-8; record; munmap 0-8" },

	/* ---- mprotect */
	{ "readonly-all", ALL, "readonly all; load 0; store 0; readonly all" },
	{ "readonly-part", ALL, "readonly 1; store 1; readwrite 1; store 1" },
	{ "readonly-and-back", ALL, "readonly all; readwrite all; store 0; store 1" },
	{ "noaccess", ALL, "noaccess all; load 0; readwrite all; load 0; store 0" },
	{ "readonly-untouched", ALL, "map all; record; readonly all; load 0" },

	/* ---- mremap */
	{ "move-all", ALL, "move all 1024; load 1024; load 0; store 1025" },
	{ "move-part", SMALL, "move 1-3 1024; load 1024; load 0; load 3" },
	{ "grow", SMALL, "resize all 8; load 0" },
	{ "shrink", ALL, "resize all 2; load 0; load 2" },

	/* ---- madvise */
	{ "dontneed-all", ALL, "dontneed all; load 0; store 0; store 1" },
	{ "dontneed-part", ALL, "dontneed 1-3; load 1; store 1; load 0" },
	{ "free-all", "anon thp shared", "free all; load 0; store 0" },
	{ "free-part", "anon thp", "free 1-3; store 1; load 2" },
	{ "pageout-all", ALL, "pageout all; load 0; store 1" },
	{ "pageout-part", SMALL, "pageout 1-3; load 1; store 2; pageout 1" },
	{ "pageout-young", ALL, "young 1; pageout 0; young 0; pageout 0; load 0" },
	{ "pageout-shared", ALL, "fork; pageout 0; load 0; child pageout all" },
	{ "pageout-piece", THP, "readonly 1; readwrite 1; pageout 0-2; load 0; pageout 1-3" },
	{ "pageout-in-pieces", THP, "readonly 1; readwrite 1; pageout all; load 0" },
	{ "remove", FILES, "remove 1-3; load 1; store 2" },

	/* ---- fork */
	{ "fork", ALL, "fork; store 0; load 1; child load 0" },
	{ "fork-child-writes", ALL, "fork; child store 0; store 0; load 0; child load 0" },
	{ "fork-child-exits", ALL, "fork; child exit; store 0; store 1" },
	{ "fork-untouched", ALL, "map all; record; fork; store 0" },

	/* ---- files */
	{ "truncate", "file disk private", "truncate 2; load 1; load 2; truncate 4; load 3" },
	{ "punch", "file disk private", "punch 1-3; load 0; load 1; store 2" },
	{ "writeback", "disk", "writeback all; store 0; store 1" },

	/* ---- what the kernel does by itself */
	{ "migrate", ALL, "migrate 0; load 0; store 0; load 1" },
	{ "migrate-untouched", "anon", "map all; store 0; record; migrate 0; munmap all" },
	{ "migrate-after-fork", ALL, "fork; migrate 0; child load 0; store 0" },
	{ "migrate-all", SMALL, "migrate all; load 0; store 3" },
	{ "numa", ALL, "numa all; load 0; store 1; munmap all" },
	{ "reclaim", "anon shared file private",
	  "map 0; store 0; record; reclaim 0; load 0; store 0" },
	{ "reclaim-clean", "disk",
	  "map 0; store 0; record; writeback 0; reclaim 0; load 0; store 0" },
	{ "reclaim-huge", THP, "reclaim 0; load 0; store 0" },
	{ "merge", "anon",
	  "map 0-2; mergeable 0-2; store 0-2 5; record; merge 0 1; load 0; store 0" },
	{ "unmerge", "anon",
	  "map 0-2; mergeable 0-2; store 0-2 5; record; merge 0 1; unmergeable 0-2; store 1" },
	{ "collapse", "anon", "map 0-512; store 3; record; collapse 0-512; load 3; store 4" },
	{ "collapse-again", "thp", "collapse all; munmap all" },
	{ "collapse-empty", "anon", "map 0-512; record; collapse 0-512" },

	/* ---- userfaultfd */
	{ "uffd", "anon", "map all; armed all; record; serve 1 7; load 1; store 1; munmap all" },
	{ "uffd-copy", "anon",
	  "map all; armed all; record; copy 1 7; load 1; disarmed all; load 0" },
	{ "uffd-arm", ALL, "armed all; load 0; store 0; disarmed all" },

	/* ---- the end */
	{ "exit", ALL, "exit" },
	{ "exec", ALL, "exec" },
	{ "reap", ALL, "reap; exit" },
	{ "forget", ALL, "forget; munmap all" },
};

const unsigned int conform_nr_scripts = sizeof(conform_scripts) / sizeof(*conform_scripts);
