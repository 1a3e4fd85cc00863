// SPDX-License-Identifier: GPL-2.0-only
/* The table; an entry that does not hold any more is a failure of its script. */
#include "differences.h"

/* Both notifiers are told. */
#define EVENT(event, span)                               \
	"interval invalidate " event " " span " block\n" \
	"list start " event " " span " block\n"          \
	"list end " event " " span " block\n"

#define WRITES_THE_HOLE "ext4 writes what is in the hole back before it takes it away"

#define NO_POLICY   "memory of tmpfs without a policy of its own is not scanned for NUMA hints"
#define NUMA_HOSTED "> numa all = 0\n" EVENT("PROTECTION_VMA", "0-4")
#define NUMA_6_1    "> numa all = -11\n"

#define NO_ACCESS            "move_pages() does not find pages that may not be accessed now"
#define MIGRATE_HOSTED(span) "> migrate 0 = 0\n" EVENT("CLEAR", span)
#define NOT_MIGRATED(error)  "> migrate 0 = -" error "\n"

const struct difference differences[] = {
	{ "6.1", "remove.disk", "> remove 1-3 = 0\n",
	  "> remove 1-3 = 0\n" EVENT("PROTECTION_PAGE", "1-2") EVENT("PROTECTION_PAGE", "2-3"),
	  WRITES_THE_HOLE },
	{ "6.1", "punch.disk", "> punch 1-3 = 0\n",
	  "> punch 1-3 = 0\n" EVENT("PROTECTION_PAGE", "1-2") EVENT("PROTECTION_PAGE", "2-3"),
	  WRITES_THE_HOLE },
	{ "6.1", "numa.shared", NUMA_HOSTED, NUMA_6_1, NO_POLICY },
	{ "6.1", "numa.file", NUMA_HOSTED, NUMA_6_1, NO_POLICY },
	{ "6.1", "numa.private", NUMA_HOSTED, NUMA_6_1, NO_POLICY },
	{ "6.1", "noaccess-and-migrate.anon", MIGRATE_HOSTED("0-1"), NOT_MIGRATED("2"), NO_ACCESS },
	{ "6.1", "noaccess-and-migrate.shared", MIGRATE_HOSTED("0-1"), NOT_MIGRATED("2"),
	  NO_ACCESS },
	{ "6.1", "noaccess-and-migrate.file", MIGRATE_HOSTED("0-1"), NOT_MIGRATED("2"), NO_ACCESS },
	{ "6.1", "noaccess-and-migrate.disk", MIGRATE_HOSTED("0-1"), NOT_MIGRATED("2"), NO_ACCESS },
	{ "6.1", "noaccess-and-migrate.private", MIGRATE_HOSTED("0-1"), NOT_MIGRATED("2"),
	  NO_ACCESS },
	{ "6.1", "noaccess-and-migrate.thp", MIGRATE_HOSTED("0-512"), NOT_MIGRATED("14"),
	  NO_ACCESS },
	{ "6.1", "numa-and-migrate.thp", MIGRATE_HOSTED("0-512"), NOT_MIGRATED("14"), NO_ACCESS },
};

const unsigned int nr_differences = sizeof(differences) / sizeof(*differences);
