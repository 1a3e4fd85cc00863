// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a table and JSON of what bench-measure has printed in the guest, once counting instructions
 * and once measuring time, and judges it: exit status 1 if a target is missed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUES 128

struct value {
	char what[48];
	char driver[8];
	double lowest;
	double median;
};

/* What one run of bench-measure has printed. */
struct run {
	char kernel[80];
	char accelerator[16];
	struct value values[VALUES];
	int count;
};

/*
 * A thing measured, and how many instructions it may take on xmmu: so many more than by hand, or so
 * many times as many as by hand, or as something else that was measured, or no more than so many.
 * Of memory it is bytes.
 */
static const struct row {
	const char *what;
	const char *text;
	int more;       /* 0: no target */
	double times;   /* 0: no target */
	const char *of; /* what to compare with instead */
	int most;       /* 0: no target */
} rows[] = {
	{ "empty.callback", "invalidate callback, nothing populated", 40, 0, NULL, 0 },
	{ "empty.munmap", "  munmap() of the page", 0, 1.02, NULL, 0 },
	{ "empty.madvise", "  madvise(MADV_DONTNEED) of the page", 0, 1.02, NULL, 0 },
	{ "untouched.128k", "munmap() of 128 KiB, mirror without ranges", 0, 1.02, NULL, 0 },
	{ "untouched.4k", "  of a page", 0, 0, NULL, 0 },
	{ "populated.4k", "invalidate callback, 4 KiB populated", 0, 1.10, NULL, 0 },
	{ "populated.2m", "invalidate callback, 2 MiB populated", 0, 1.05, NULL, 0 },
	{ "populated.4k.at-once", "  4 KiB, a device that confirms at once", 0, 0, NULL, 0 },
	{ "populated.4k.madvise", "  madvise(MADV_DONTNEED) of the 4 KiB", 0, 0, NULL, 0 },
	{ "insert", "range insert", 40, 0, NULL, 0 },
	{ "insert.ioctl", "  the ioctl", 0, 1.02, NULL, 0 },
	{ "insert.first", "  the first one in 512 MiB", 0, 0, NULL, 0 },
	{ "remove", "range remove", 40, 0, NULL, 0 },
	{ "remove.ioctl", "  the ioctl", 0, 1.02, NULL, 0 },
	{ "remove.last", "  the last one in 512 MiB", 0, 0, NULL, 0 },
	{ "read.1", "populate 1 present page", 0, 1.15, NULL, 0 },
	{ "read.16", "populate 16", 0, 1.05, NULL, 0 },
	{ "read.512", "populate 512", 0, 1.05, NULL, 0 },
	{ "read.512", "  of hmm_range_fault() alone", 0, 1.10, "hmm.512", 0 },
	{ "read.16384", "populate 16384", 0, 1.05, NULL, 0 },
	{ "read.16384", "  of hmm_range_fault() alone", 0, 1.10, "hmm.16384", 0 },
	{ "write.1", "populate 1 for writing", 0, 1.15, NULL, 0 },
	{ "write.16", "populate 16 for writing", 0, 1.05, NULL, 0 },
	{ "write.512", "populate 512 for writing", 0, 1.05, NULL, 0 },
	{ "write.16384", "populate 16384 for writing", 0, 1.05, NULL, 0 },
	{ "read.1.cold", "populate 1, after an invalidation", 0, 0, NULL, 0 },
	{ "hit.1000", "find one of 1000 ranges, to 1 range", 0, 0, "hit.1", 0 },
	{ "hit.1000000", "  one of 1000000, to 1000", 0, 2.00, "hit.1000", 0 },
	{ "miss.1000", "find none of 1000, to 1", 0, 0, "miss.1", 0 },
	{ "miss.1000000", "  none of 1000000, to 1000", 0, 0, "miss.1000", 0 },
	{ "insert.1000", "insert one of 1000, to 1", 0, 0, "insert.1", 0 },
	{ "insert.1000000", "  one of 1000000, to 1000", 0, 0, "insert.1000", 0 },
	{ "remove.1000", "remove one of 1000, to 1", 0, 0, "remove.1", 0 },
	{ "remove.1000000", "  one of 1000000, to 1000", 0, 0, "remove.1000", 0 },
	{ "bytes.1000000", "bytes for a range, of 1000000", 0, 0, "bytes.1000000", 256 },
	{ "fault.together", "a fault of 256 at once, to one alone", 0, 0.20, "fault.alone", 0 },
	{ "table.bytes", "bytes of page table, to 8 for each page", 0, 1.02, "table.entries", 0 },
	{ "whole.empty.callback", "whole mm: nothing populated", 0, 0, "empty.callback", 0 },
	{ "whole.populated.4k.at-once", "  4 KiB, confirmed at once", 0, 0, "populated.4k.at-once",
	  0 },
	{ "whole.read.1", "  drop-in of 1 present page", 0, 0, "read.1", 0 },
	{ "whole.write.1", "  for writing", 0, 0, "write.1", 0 },
	{ "whole.empty.munmap", "  munmap() of a page in a range", 0, 0, "empty.munmap", 0 },
	{ "whole.elsewhere.4k", "  of a page far from all ranges", 0, 0, "elsewhere.4k", 0 },
	{ "elsewhere.4k", "    the same with ranges", 0, 0, NULL, 0 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void fail(const char *name, const char *what)
{
	fprintf(stderr, "bench-report: %s: %s\n", name, what);
	exit(2);
}

static void read_run(const char *name, const char *unit, struct run *run)
{
	FILE *file = fopen(name, "r");
	struct value *value;
	char line[256], said[32] = "";

	if (!file)
		fail(name, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		value = &run->values[run->count];
		if (sscanf(line, "unit\t%31s", said) == 1 ||
		    sscanf(line, "kernel\t%79s", run->kernel) == 1 ||
		    sscanf(line, "accelerator\t%15s", run->accelerator) == 1)
			continue;
		if (run->count == VALUES ||
		    sscanf(line, "%47s %7s %lf %lf", value->what, value->driver, &value->lowest,
			   &value->median) != 4)
			fail(name, line);
		run->count++;
	}
	fclose(file);
	if (strcmp(said, unit) || !*run->kernel || !*run->accelerator)
		fail(name, "is not the complete output of bench-measure in this unit");
}

static const struct value *look(const struct run *run, const char *what, const char *driver)
{
	int i;

	for (i = 0; i < run->count; i++)
		if (!strcmp(run->values[i].what, what) && !strcmp(run->values[i].driver, driver))
			return &run->values[i];
	return NULL;
}

static const struct value *find(const struct run *run, const char *what, const char *driver)
{
	const struct value *value = look(run, what, driver);

	if (!value)
		fail(what, "was not measured");
	return value;
}

/* What a row compares with: the driver by hand, or xmmu itself where there is none. */
static const struct value *base(const struct run *run, const struct row *row)
{
	const char *what = row->of ? row->of : row->what;
	const struct value *raw = look(run, what, "raw");

	return raw ? raw : find(run, what, "sdk");
}

static const char *verdict(const struct row *row, double raw, double sdk)
{
	if (!row->more && row->times == 0 && !row->most)
		return "";
	if (row->most)
		return sdk <= row->most ? "ok" : "MISSED";
	if (row->more)
		return sdk <= raw + row->more ? "ok" : "MISSED";
	return sdk <= raw * row->times ? "ok" : "MISSED";
}

static void print_target(const struct row *row, char *text, size_t size)
{
	*text = '\0';
	if (row->more)
		snprintf(text, size, "+ %d", row->more);
	else if (row->times > 0)
		snprintf(text, size, "%.2f x", row->times);
	else if (row->most)
		snprintf(text, size, "<= %d", row->most);
}

static void print_table(const struct run *count, const struct run *time)
{
	const struct value *raw, *sdk;
	char target[16];
	size_t i;

	printf("\nkernel %s; lowest of all samples; instructions under %s, time under %s\n\n",
	       count->kernel, count->accelerator, time->accelerator);
	printf("%-42s %9s %9s %8s %7s  %-7s %-7s %9s %9s %6s\n", "", "raw", "xmmu", "more", "ratio",
	       "target", "", "raw ns", "xmmu ns", "ratio");
	for (i = 0; i < ROWS; i++) {
		raw = base(count, &rows[i]);
		sdk = find(count, rows[i].what, "sdk");
		print_target(&rows[i], target, sizeof(target));
		printf("%-42s %9.0f %9.0f %+8.0f %7.3f  %-7s %-7s", rows[i].text, raw->lowest,
		       sdk->lowest, sdk->lowest - raw->lowest, sdk->lowest / raw->lowest, target,
		       verdict(&rows[i], raw->lowest, sdk->lowest));
		raw = base(time, &rows[i]);
		sdk = find(time, rows[i].what, "sdk");
		printf(" %9.0f %9.0f %6.2f\n", raw->lowest, sdk->lowest, sdk->lowest / raw->lowest);
	}
}

static void print_value(FILE *file, const char *name, const struct value *value, const char *end)
{
	fprintf(file, "\"%s\": {\"lowest\": %.0f, \"median\": %.0f}%s", name, value->lowest,
		value->median, end);
}

static void print_side(FILE *file, const char *name, const struct run *run, const struct row *row)
{
	fprintf(file, "     \"%s\": {", name);
	print_value(file, "base", base(run, row), ", ");
	print_value(file, "xmmu", find(run, row->what, "sdk"), "}");
}

static void print_json(FILE *file, const struct run *count, const struct run *ns)
{
	char date[32], target[16];
	time_t now = time(NULL);
	const char *word;
	size_t i;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	fprintf(file, "{\n \"kernel\": \"%s\",\n \"date\": \"%s\",\n", count->kernel, date);
	fprintf(file, " \"accelerator\": {\"instructions\": \"%s\", \"ns\": \"%s\"},\n",
		count->accelerator, ns->accelerator);
	fprintf(file, " \"rows\": [\n");
	for (i = 0; i < ROWS; i++) {
		word = verdict(&rows[i], base(count, &rows[i])->lowest,
			       find(count, rows[i].what, "sdk")->lowest);
		print_target(&rows[i], target, sizeof(target));
		fprintf(file, "    {\"what\": \"%s\", \"base\": \"%s\", \"target\": \"%s\", ",
			rows[i].what, rows[i].of ? rows[i].of : "raw", target);
		fprintf(file, "\"met\": %s,\n",
			!*word             ? "null" :
			strcmp(word, "ok") ? "false" :
					     "true");
		print_side(file, "instructions", count, &rows[i]);
		fprintf(file, ",\n");
		print_side(file, "ns", ns, &rows[i]);
		fprintf(file, "}%s\n", i + 1 < ROWS ? "," : "");
	}
	fprintf(file, " ]\n}\n");
}

static int missed(const struct run *count)
{
	int n = 0;
	size_t i;

	for (i = 0; i < ROWS; i++)
		n += !strcmp(verdict(&rows[i], base(count, &rows[i])->lowest,
				     find(count, rows[i].what, "sdk")->lowest),
			     "MISSED");
	return n;
}

int main(int argc, char **argv)
{
	static struct run count, ns;
	FILE *json;
	int n;

	if (argc != 4) {
		fprintf(stderr,
			"usage: bench-report COUNTED TIMED JSON\n"
			"COUNTED and TIMED are what bench-measure printed; JSON is written\n");
		return 2;
	}
	read_run(argv[1], "instructions", &count);
	read_run(argv[2], "ns", &ns);
	print_table(&count, &ns);
	json = fopen(argv[3], "w");
	if (!json)
		fail(argv[3], strerror(errno));
	print_json(json, &count, &ns);
	if (fclose(json))
		fail(argv[3], strerror(errno));
	n = missed(&count);
	printf("\n%d %s missed; all numbers: %s\n", n, n == 1 ? "target is" : "targets are",
	       argv[3]);
	return n > 0;
}
