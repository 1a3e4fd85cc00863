/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Everything a driver includes.
 * @ingroup xmmu
 */
#ifndef XMMU_XMMU_H
#define XMMU_XMMU_H

#include <xmmu/exclusive.h>
#include <xmmu/gather.h>
#include <xmmu/mirror.h>
#include <xmmu/ops.h>
#include <xmmu/range.h>
#include <xmmu/stats.h>
#include <xmmu/version.h>
#include <xmmu/walk.h>
#include <xmmu/xfer.h>

/**
 * @defgroup xmmu xmmu
 * @since 0.1
 * @brief Drivers of devices with an MMU of their own.
 *
 * The SDK is built into the driver, so a driver starts and stops it with its module.
 * @{
 */

/**
 * @brief Start the SDK inside this module.
 *
 * Makes the debugfs folder `xmmu-<driver>`; a debug build says which of its checks this kernel
 * turns off.
 *
 * @ctx{module init}
 *
 * @retval 0       Ready.
 * @retval -ENOMEM No memory.
 */
int __must_check xmmu_module_init(void);

/**
 * @brief Stop the SDK inside this module.
 *
 * Every mirror is detached by now. A debug build complains about what was leaked.
 *
 * @ctx{module exit; may sleep}
 */
void xmmu_module_exit(void);

/** @} */

#endif
