/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: tracepoints, which do nothing here. */
#ifndef HOSTED_LINUX_TRACEPOINT_H
#define HOSTED_LINUX_TRACEPOINT_H

#include <linux/types.h>

#define PARAMS(args...)   args
#define TP_PROTO(args...) args
#define TP_ARGS(args...)  args
#define TP_STRUCT__entry(args...)
#define TP_fast_assign(args...)
#define TP_printk(format, args...)

#define DECLARE_EVENT_CLASS(name, proto, args, entry, assign, print)

#define TRACE_EVENT(name, proto, args, entry, assign, print) \
	static inline void trace_##name(proto)               \
	{                                                    \
	}                                                    \
	static inline bool trace_##name##_enabled(void)      \
	{                                                    \
		return false;                                \
	}
#define DEFINE_EVENT(class, name, proto, args) TRACE_EVENT(name, PARAMS(proto), , , , )

#endif
