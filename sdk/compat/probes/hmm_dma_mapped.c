// SPDX-License-Identifier: GPL-2.0-only
/* From 6.16 on some bits of a frame are the caller's, and kept by hmm_range_fault(). */
#include <linux/hmm.h>

unsigned long probe(unsigned long frame)
{
	return frame & HMM_PFN_DMA_MAPPED;
}
