// SPDX-License-Identifier: GPL-2.0-only
/* Numbers that the kernel tells in files. */
#include <stdio.h>
#include <string.h>

#include "number.h"

long number_in(const char *path, const char *word)
{
	/* Closed on exec, since other threads start programs. */
	FILE *file = fopen(path, "re");
	char line[512];
	long value = -1;

	while (value < 0 && file && fgets(line, sizeof(line), file)) {
		if (!word)
			sscanf(line, "%ld", &value);
		else if (!strncmp(line, word, strlen(word)))
			sscanf(line + strlen(word), "%*[: ]%ld", &value);
	}
	if (file)
		fclose(file);
	return value;
}
