# SPDX-License-Identifier: GPL-2.0-only
# The kernels that the SDK is written for: the only place that states the range.
XMMU_KERNEL_MIN := 6.1
XMMU_KERNEL_MAX := 7.3
