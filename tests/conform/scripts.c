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

/* Two pages that are one. */
#define MERGED "map 0-2; mergeable 0-2; store 0-2 5; record; merge 0 1; "

/* Compaction moves pages in an order that nobody knows: one, where there is room above it later. */
#define CROWDED "map 0; store 0; crowd 0; record; "

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
	{ "compact", SMALL, CROWDED "compact 0; load 0; store 0; munmap 0" },
	{ "numa", ALL, "numa all; load 0; store 1; munmap all" },
	{ "reclaim", "anon shared file private",
	  "map 0; store 0; record; reclaim 0; load 0; store 0" },
	{ "reclaim-clean", "disk",
	  "map 0; store 0; record; writeback 0; reclaim 0; load 0; store 0" },
	{ "reclaim-huge", THP, "reclaim 0; load 0; store 0" },
	{ "merge", "anon", MERGED "load 0; store 0" },
	{ "unmerge", "anon", MERGED "unmergeable 0-2; store 1" },
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

	/* ---- one after the other */
	{ "reap-refused", ALL, "refuse 1; reap; refuse 0; reap; exit" },
	{ "record-again", ALL, "forget; dontneed 0; record; munmap 1-3; forget; record; exit" },
	{ "fork-and-unmap", ALL, "fork; munmap 1-3; child store 1; store 0; munmap all" },
	{ "fork-and-protect", ALL,
	  "fork; readonly all; readwrite all; store 0; child store 1; store 1" },
	{ "fork-twice-written", ALL,
	  "fork; store 0; child store 0; store 0; child exit; store 1; store 0" },
	{ "fork-and-exit", ALL, "fork; child store 0; exit; child load 0" },
	{ "fork-and-exec", ALL, "fork; child store 0; exec; child load 1" },
	{ "fork-not-inherited", ALL, "dontfork all; fork; child load 0; store 0; munmap all" },
	{ "fork-and-dontneed", ALL, "fork; dontneed 0; load 0; child load 0; store 1" },
	{ "fork-and-move", ALL, "fork; move all 1024; child store 1; store 1024; migrate 1025" },
	{ "pageout-and-fork", SMALL,
	  "pageout all; fork; load 0; child store 0; store 1; child load 1" },
	{ "pageout-and-protect", ALL, "pageout all; readonly all; load 0; readwrite all; store 0" },
	{ "pageout-and-move", ALL,
	  "pageout all; move all 1024; load 1024; store 1025; munmap 1024" },
	{ "pageout-and-unmap", ALL, "pageout all; munmap all" },
	{ "pageout-and-reap", ALL, "pageout all; reap; exit" },
	{ "free-and-fork", "anon thp", "free all; fork; store 0; load 1; child load 0" },
	{ "free-and-pageout", "anon thp", "free all; pageout all; load 0; store 1" },
	{ "free-and-reclaim", "anon", "map 0; store 0; record; free 0; reclaim 0; load 0" },
	{ "noaccess-and-migrate", ALL, "noaccess all; migrate 0; readwrite all; load 0; store 0" },
	{ "noaccess-and-fork", ALL, "noaccess all; fork; readwrite all; store 0; child load 0" },
	{ "readonly-halves", SMALL,
	  "readonly 0-2; readonly 2-4; munmap 1-3; readwrite 0; store 0" },
	{ "migrate-and-unmap", SMALL, "migrate 0; munmap 0; migrate 1; munmap all" },
	{ "migrate-twice", ALL, "migrate 0; migrate 0; store 0; fork; migrate 0" },
	{ "numa-and-fork", "anon thp disk", "numa all; fork; load 0; store 0; child load 1" },
	{ "numa-and-migrate", "anon thp disk", "numa all; migrate 0; load 0; readonly all" },
	{ "compact-after-fork", "anon file",
	  CROWDED "fork; compact 0; child load 0; store 0; child exit; store 0" },
	{ "compact-of-child", "anon",
	  CROWDED "fork; child load 0; child compact 0; child munmap 0; load 0" },
	{ "move-and-compact", "anon", CROWDED "move 0 1024; compact 1024; store 1024" },
	{ "resize-back", SMALL, "resize all 2; resize 0-2 4; load 1; load 3; store 3; munmap all" },
	{ "merge-and-fork", "anon", MERGED "fork; store 0; child store 1" },
	{ "merge-and-migrate", "anon", MERGED "migrate 0; store 1; munmap all" },
	{ "merge-and-protect", "anon", MERGED "readonly 0; readwrite 0; store 0" },
	{ "merge-and-pageout", "anon", MERGED "pageout 0; load 0; dontneed all" },
	{ "truncate-and-grow", "file disk private",
	  "truncate 0; store 0; truncate 4; store 0; load 3; munmap all" },
	{ "truncate-after-fork", "file disk private",
	  "fork; truncate 2; child load 0; child load 3" },
	{ "punch-after-fork", "file private",
	  "fork; child store 1; punch 0-2; load 0; child load 1" },
	{ "punch-all", "file private", "punch all; load 0; punch 0; store 0; munmap all" },
	{ "writeback-and-fork", "disk",
	  "writeback all; fork; store 0; child store 0; writeback all" },
	{ "writeback-and-move", "disk", "move all 1024; store 1024; writeback all; store 1025" },
	{ "readonly-file", "file disk private",
	  "readonly all; dontneed all; load 0; readwrite all; store 1" },
	{ "huge-move-odd", THP, "move all 1025; load 1025; store 1026; munmap 1025-1537" },
	{ "huge-move-part", THP, "move 0-4 1024; load 1024; load 4; munmap all" },
	{ "huge-grow", THP, "resize all 1024; store 600; munmap 512-1024; load 0" },
	{ "huge-unmap-and-collapse", THP, "dontneed 0; collapse all; load 1; store 0" },
	{ "huge-protect-and-collapse", THP,
	  "readonly 1; readwrite 1; collapse all; store 0; collapse all" },
	{ "huge-fork-and-collapse", THP, "fork; store 0; collapse all; load 1; child load 0" },
	{ "huge-dontneed-read", THP, "dontneed all; load 0; munmap all" },
	{ "huge-read-and-fork", THP, "dontneed all; load 0; fork; store 0; child store 0" },
	{ "huge-read-and-protect", THP, "dontneed all; load 0; readonly 1; readwrite 1; store 1" },
	{ "huge-read-and-free", THP,
	  "dontneed all; load 0; free 1; free all; pageout all; store 1" },
	{ "huge-free-in-pieces", THP, "readonly 1; readwrite 1; free all; store 0; pageout 0-2" },
	{ "huge-migrate-in-pieces", THP, "readonly 1; readwrite 1; migrate 0; load 0" },
	{ "huge-nohuge", THP, "nohugepage all; dontneed all; store 0; store 1; munmap 0" },
	{ "collapse-after-fork", "anon",
	  "map 0-512; store 0-8; record; fork; collapse 0-512; load 3; child store 0; store 4" },
	{ "collapse-swapped", "anon",
	  "map 0-512; store 0-4; record; pageout 0-2; collapse 0-512; load 0; store 1" },
	{ "collapse-all-swapped", "anon",
	  "map 0-512; store 0-2; record; pageout 0-2; collapse 0-512; load 0; collapse 0-512" },
	{ "collapse-fork-exit", "anon",
	  "map 0-512; store 0-2; record; fork; child exit; store 0; collapse 0-512; store 1" },
	{ "collapse-readonly", "anon",
	  "map 0-512; store 0-4; record; readonly 0-512; collapse 0-512; load 0; munmap 0-512" },
	{ "collapse-and-split", "anon",
	  "map 0-512; store 0-4; record; collapse 0-512; munmap 1; collapse 0-512; munmap 0-512" },
	{ "uffd-and-fork", "anon",
	  "map all; store 0; armed all; record; serve 1 7; fork; child load 2" },
	{ "uffd-and-dontneed", "anon",
	  "map all; store all; armed all; record; dontneed 1; serve 1 9; load 1; move all 1024" },
	{ "uffd-huge", THP,
	  "map all; armed all; record; copy 0 7; store 0; disarmed all; store 1" },
};

const unsigned int conform_nr_scripts = sizeof(conform_scripts) / sizeof(*conform_scripts);
