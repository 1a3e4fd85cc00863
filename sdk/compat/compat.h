/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, decided here and nowhere else. The probes (sdk/compat/probes, one
 * XMMU_HAS_<NAME> each) say what the kernel has; the rest of the SDK uses the names of this file.
 */
#ifndef XMMU_COMPAT_H
#define XMMU_COMPAT_H

#include <xmmu/features.h>

#endif /* XMMU_COMPAT_H */
