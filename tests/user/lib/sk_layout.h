/* SPDX-License-Identifier: GPL-2.0-only */
/* The layout of the skeleton's commands, the same for programs of 32 and of 64 bit. */
#ifndef XMMU_TEST_SK_LAYOUT_H
#define XMMU_TEST_SK_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <xmmu/skeleton.h>

#define SK_AT(type, member, at) \
	static_assert(offsetof(struct xmmu_skeleton_##type, member) == (at), #type "." #member)
#define SK_SIZE(type, size) static_assert(sizeof(struct xmmu_skeleton_##type) == (size), #type)

SK_AT(attach, pid, 0);
SK_AT(attach, pad, 4);
SK_SIZE(attach, 8);

SK_AT(range, addr, 0);
SK_AT(range, len, 8);
SK_SIZE(range, 16);

SK_AT(populate, addr, 0);
SK_AT(populate, len, 8);
SK_AT(populate, done, 16);
SK_AT(populate, flags, 24);
SK_AT(populate, pad, 28);
SK_SIZE(populate, 32);

SK_AT(query, addr, 0);
SK_AT(query, generation, 8);
SK_AT(query, access, 16);
SK_AT(query, pad, 20);
SK_SIZE(query, 24);

SK_AT(event, time_ns, 0);
SK_AT(event, start, 8);
SK_AT(event, end, 16);
SK_AT(event, zap_start, 24);
SK_AT(event, zap_end, 32);
SK_AT(event, wait_ns, 40);
SK_AT(event, event, 48);
SK_AT(event, outcome, 52);
SK_AT(event, flags, 56);
SK_AT(event, lost, 60);
SK_SIZE(event, 64);

SK_AT(stats, events, 0);
SK_AT(stats, nonblock, 72);
SK_AT(stats, pages, 160);
SK_AT(stats, isolated, 208);
SK_SIZE(stats, 216);

static_assert(XMMU_SKELETON_ATTACH == 0x4008d701, "ATTACH");
static_assert(XMMU_SKELETON_RANGE_ADD == 0x4010d702, "RANGE_ADD");
static_assert(XMMU_SKELETON_RANGE_DEL == 0x4010d703, "RANGE_DEL");
static_assert(XMMU_SKELETON_POPULATE == 0xc020d704, "POPULATE");
static_assert(XMMU_SKELETON_ZAP == 0x4010d705, "ZAP");
static_assert(XMMU_SKELETON_QUERY == 0xc018d706, "QUERY");
static_assert(XMMU_SKELETON_STATS == 0x80d8d707, "STATS");
static_assert(XMMU_SKELETON_DETACH == 0xd708, "DETACH");

#endif
