/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of scripts, as it is written. */
#ifndef XMMU_CONFORM_SCRIPTS_H
#define XMMU_CONFORM_SCRIPTS_H

struct conform_script {
	const char *name;
	const char *kinds; /* of memory, with spaces between */
	const char *steps; /* with semicolons between */
};

extern const struct conform_script conform_scripts[];
extern const unsigned int conform_nr_scripts;

#endif
