// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device writes into a mapped file reaches the disk: the file is unmapped and the file
 * system unmounted, and it is all there when it is mounted again.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "edu.h"

#define DISK      "/dev/vda"
#define DIR       "/mnt"
#define FILE_NAME DIR "/file"
#define PAGES     4

static void mount_disk(void)
{
	assert_return_code(mount(DISK, DIR, "ext4", 0, NULL), errno);
}

static int make_file(void)
{
	static char zeros[PAGES * PAGE];
	int file = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_return_code(file, errno);
	assert_int_equal(write(file, zeros, sizeof(zeros)), sizeof(zeros));
	assert_return_code(fsync(file), errno);
	return file;
}

static char *map_file(int file)
{
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	close(file);
	return memory;
}

static void check_file(unsigned int seed)
{
	static char bytes[PAGES * PAGE];
	int file;

	assert_return_code(umount(DIR), errno);
	mount_disk();
	file = open(FILE_NAME, O_RDONLY | O_CLOEXEC);
	assert_return_code(file, errno);
	assert_int_equal(read(file, bytes, sizeof(bytes)), sizeof(bytes));
	close(file);
	assert_int_equal(bytes[99], 0);
	assert_int_equal(edu_compare(bytes + 100, 4095, seed, 0), -1);
	assert_int_equal(bytes[100 + 4095], 0);
}

/* The program itself has only read the file, or written it back before. */
static void device_writes(bool touched, unsigned int seed)
{
	int fd = edu_open(), range;
	char *memory;

	mount_disk();
	memory = map_file(make_file());
	range = edu_register(fd, memory, PAGES);
	assert_true(range > 0);
	edu_load(fd, seed);
	if (touched) {
		*(volatile char *)memory = 0;
		*(volatile char *)(memory + PAGE) = 0;
		assert_return_code(msync(memory, PAGES * PAGE, MS_SYNC), errno);
	}
	assert_int_equal(edu_copy(fd, range, memory + 100, 4095, 0, XMMU_EDU_FROM_DEVICE), 0);
	munmap(memory, PAGES * PAGE);
	close(fd);
	check_file(seed);
	assert_return_code(umount(DIR), errno);
}

static void untouched_pages(void **state)
{
	(void)state;
	device_writes(false, 1);
}

static void clean_pages(void **state)
{
	(void)state;
	device_writes(true, 2);
}

/* Between the fault of the device and the end of its transfer the page is written back. */
static void written_back_meanwhile(void **state)
{
	int fd = edu_open(), range, job;
	char *memory;

	(void)state;
	mount_disk();
	memory = map_file(make_file());
	range = edu_register(fd, memory, PAGES);
	edu_load(fd, 3);
	job = edu_submit(fd, range, memory + 100, 4095, 0, XMMU_EDU_FROM_DEVICE);
	assert_true(job > 0);
	while (edu_wait(fd, job, 0, NULL) == -ETIMEDOUT) {
		assert_return_code(msync(memory, PAGES * PAGE, MS_SYNC), errno);
		usleep(1000);
	}
	munmap(memory, PAGES * PAGE);
	close(fd);
	check_file(3);
	assert_return_code(umount(DIR), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untouched_pages),
		cmocka_unit_test(clean_pages),
		cmocka_unit_test(written_back_meanwhile),
	};

	return cmocka_run_group_tests_name("edu_ext4", tests, NULL, NULL);
}
