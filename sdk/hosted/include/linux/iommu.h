/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: whether an IOMMU translates for a device. */
#ifndef HOSTED_LINUX_IOMMU_H
#define HOSTED_LINUX_IOMMU_H

#include <linux/device.h>

#define IOMMU_DOMAIN_IDENTITY 0x4U
#define IOMMU_DOMAIN_DMA      0x3U

struct iommu_domain {
	unsigned int type;
};

struct iommu_domain *iommu_get_domain_for_dev(struct device *dev);

#endif
