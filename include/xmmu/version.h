/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of the SDK that a driver is built with. The numbers come from the file VERSION, by
 * way of sdk/packaging/xmmu.mk.
 */
#ifndef XMMU_VERSION_H
#define XMMU_VERSION_H

#include <linux/stringify.h>

/**
 * @defgroup xmmu_version Version
 * @brief Which version of the SDK a driver is built with.
 *
 * XMMU_VERSION_MAJOR, XMMU_VERSION_MINOR and XMMU_VERSION_PATCH are numbers that the build defines;
 * versions follow Semantic Versioning.
 * @{
 */

/** @brief The version as a string, such as "1.2.3". */
#define XMMU_VERSION                                                                         \
	__stringify(XMMU_VERSION_MAJOR) "." __stringify(XMMU_VERSION_MINOR) "." __stringify( \
		XMMU_VERSION_PATCH)

/**
 * @brief Whether the SDK is version @p major.@p minor.@p patch or newer; usable in `#if`.
 *
 * @param major major number
 * @param minor minor number
 * @param patch patch number
 */
#define XMMU_VERSION_AT_LEAST(major, minor, patch) \
	(XMMU_VERSION_MAJOR > (major) ||           \
	 (XMMU_VERSION_MAJOR == (major) &&         \
	  (XMMU_VERSION_MINOR > (minor) ||         \
	   (XMMU_VERSION_MINOR == (minor) && XMMU_VERSION_PATCH >= (patch)))))

/** @} */

#endif /* XMMU_VERSION_H */
