// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bodies of the tracepoints. The macro is taken back because other files of the core follow in
 * the same translation unit.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
#undef CREATE_TRACE_POINTS
