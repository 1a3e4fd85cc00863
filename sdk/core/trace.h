/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. The trace system carries the driver's name, because two modules with the same one
 * would hide each other's events.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM XMMU_TRACE_SYSTEM

#if !defined(XMMU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define XMMU_TRACE_H

#include <linux/tracepoint.h>

#include <xmmu/mirror.h>

/* clang-format off */
DECLARE_EVENT_CLASS(xmmu_mirror,
	TP_PROTO(const struct xmmu_mirror *mirror),
	TP_ARGS(mirror),
	TP_STRUCT__entry(__field(const void *, mirror)),
	TP_fast_assign(__entry->mirror = mirror;),
	TP_printk("mirror=%p", __entry->mirror)
);

DEFINE_EVENT(xmmu_mirror, xmmu_attach,
	TP_PROTO(const struct xmmu_mirror *mirror),
	TP_ARGS(mirror)
);

DEFINE_EVENT(xmmu_mirror, xmmu_detach,
	TP_PROTO(const struct xmmu_mirror *mirror),
	TP_ARGS(mirror)
);

DEFINE_EVENT(xmmu_mirror, xmmu_release,
	TP_PROTO(const struct xmmu_mirror *mirror),
	TP_ARGS(mirror)
);

DEFINE_EVENT(xmmu_mirror, xmmu_isolate,
	TP_PROTO(const struct xmmu_mirror *mirror),
	TP_ARGS(mirror)
);

TRACE_EVENT(xmmu_invalidate,
	TP_PROTO(const struct xmmu_mirror *mirror, const struct xmmu_report *report),
	TP_ARGS(mirror, report),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(unsigned int, event)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(bool, blockable)
		__field(unsigned int, outcome)
		__field(unsigned long, zap_start)
		__field(unsigned long, zap_end)
		__field(u64, wait_ns)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->event = report->event.event;
		__entry->start = report->event.start;
		__entry->end = report->event.end;
		__entry->blockable = report->event.blockable;
		__entry->outcome = report->outcome;
		__entry->zap_start = report->zap_end ? report->zap_start : 0;
		__entry->zap_end = report->zap_end;
		__entry->wait_ns = report->wait_ns;
	),
	TP_printk("mirror=%p event=%u span=%lx-%lx blockable=%d outcome=%u zapped=%lx-%lx wait_ns=%llu",
		  __entry->mirror, __entry->event, __entry->start, __entry->end,
		  __entry->blockable, __entry->outcome, __entry->zap_start, __entry->zap_end,
		  __entry->wait_ns)
);

TRACE_EVENT(xmmu_flush,
	TP_PROTO(const struct xmmu_mirror *mirror, const struct xmmu_gather *gather),
	TP_ARGS(mirror, gather),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(u64, ticket)
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->ticket = gather->ticket;
		__entry->start = gather->start;
		__entry->end = gather->end;
	),
	TP_printk("mirror=%p ticket=%llu span=%lx-%lx", __entry->mirror, __entry->ticket,
		  __entry->start, __entry->end)
);

TRACE_EVENT(xmmu_flush_done,
	TP_PROTO(const struct xmmu_mirror *mirror, u64 ticket),
	TP_ARGS(mirror, ticket),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(u64, ticket)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->ticket = ticket;
	),
	TP_printk("mirror=%p ticket=%llu", __entry->mirror, __entry->ticket)
);

TRACE_EVENT(xmmu_age,
	TP_PROTO(const struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		 enum xmmu_aging how, bool young),
	TP_ARGS(mirror, start, end, how, young),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned int, how)
		__field(bool, young)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->start = start;
		__entry->end = end;
		__entry->how = how;
		__entry->young = young;
	),
	TP_printk("mirror=%p span=%lx-%lx how=%u young=%d", __entry->mirror, __entry->start,
		  __entry->end, __entry->how, __entry->young)
);

TRACE_EVENT(xmmu_retry,
	TP_PROTO(const struct xmmu_mirror *mirror, unsigned long start, unsigned long end),
	TP_ARGS(mirror, start, end),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(unsigned long, start)
		__field(unsigned long, end)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->start = start;
		__entry->end = end;
	),
	TP_printk("mirror=%p window=%lx-%lx", __entry->mirror, __entry->start, __entry->end)
);

TRACE_EVENT(xmmu_commit,
	TP_PROTO(const struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		 unsigned int flags),
	TP_ARGS(mirror, start, end, flags),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned int, flags)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->start = start;
		__entry->end = end;
		__entry->flags = flags;
	),
	TP_printk("mirror=%p window=%lx-%lx flags=%x", __entry->mirror, __entry->start,
		  __entry->end, __entry->flags)
);

TRACE_EVENT(xmmu_fault,
	TP_PROTO(const struct xmmu_mirror *mirror, unsigned long addr, unsigned int access,
		 u64 cookie, int err, u64 ns),
	TP_ARGS(mirror, addr, access, cookie, err, ns),
	TP_STRUCT__entry(
		__field(const void *, mirror)
		__field(unsigned long, addr)
		__field(unsigned int, access)
		__field(u64, cookie)
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->mirror = mirror;
		__entry->addr = addr;
		__entry->access = access;
		__entry->cookie = cookie;
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("mirror=%p addr=%lx access=%x cookie=%llu err=%d ns=%llu", __entry->mirror,
		  __entry->addr, __entry->access, __entry->cookie, __entry->err, __entry->ns)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
