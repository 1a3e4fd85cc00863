/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: bodies of tracepoints: they have none. */
#ifndef HOSTED_TRACE_DEFINE_TRACE_H
#define HOSTED_TRACE_DEFINE_TRACE_H

#endif
