// SPDX-License-Identifier: GPL-2.0-only
/* With the debug build of the SDK. */
#define GENERATION HOSTED_7_3
#define FEATURES                                                                                \
	"debug 1\nchange_pte 1\ndevice_page_order 1\neventfd_one 1\nfolio_free 1\ngup_vmas 0\n" \
	"hmm_dma_mapped 0\nmake_exclusive 1\nmake_exclusive_range 0\nmigrate_compound 0\n"      \
	"mm_dumpable 1\npage_pgmap 1\ntwo_pass 1\nyoung_bool 0\n"
#include "hosted_drivers.c"
