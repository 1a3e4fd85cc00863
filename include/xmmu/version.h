/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief The version of the SDK that a driver is built with.
 * @ingroup xmmu_version
 */
#ifndef XMMU_VERSION_H
#define XMMU_VERSION_H

#include <linux/stringify.h>

/**
 * @defgroup xmmu_version Version
 * @ingroup xmmu
 * @since 0.1
 * @brief Which version of the SDK a driver is built with.
 *
 * The file VERSION is the only place that states it: XMMU_VERSION_MAJOR, XMMU_VERSION_MINOR
 * and XMMU_VERSION_PATCH are numbers that xmmu.mk defines. Versions follow Semantic Versioning.
 * @{
 */

/** @brief The version as a string, such as "1.2.3". */
#define XMMU_VERSION __stringify(XMMU_VERSION_MAJOR.XMMU_VERSION_MINOR.XMMU_VERSION_PATCH)

/**
 * @brief Whether the SDK is version @p major.@p minor.@p patch or newer; usable in `#if`.
 *
 * @param major  Major number.
 * @param minor  Minor number.
 * @param patch  Patch number.
 */
#define XMMU_VERSION_AT_LEAST(major, minor, patch) \
	(XMMU_VERSION_MAJOR > (major) ||           \
	 (XMMU_VERSION_MAJOR == (major) &&         \
	  (XMMU_VERSION_MINOR > (minor) ||         \
	   (XMMU_VERSION_MINOR == (minor) && XMMU_VERSION_PATCH >= (patch)))))

/** @} */

#endif
