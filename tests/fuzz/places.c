// SPDX-License-Identifier: GPL-2.0-only
/* The fuzzer's memory: a piece of each kind that a pointer may point to. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/*
 * Far from the heap, which kernels 7 put up to 1 GiB behind the program, and from where the kernel
 * puts what has no address of its own: what is unmapped here stays a hole until it is mapped again.
 * So it is when the upper half of the address is lost: a device may write there, and not to us. Each
 * piece is aligned as a huge page is, with free space behind it.
 */
#define BASE  ((uintptr_t)(sizeof(void *) == 8 ? 0x200080000000ULL : 0x20000000ULL))
#define SIZE  (2UL << 20)
#define SPACE (2 * SIZE)
#define LARGE (32UL << 20)

/* The first page that no process can have. */
#define TASK_END (sizeof(void *) == 8 ? 0x7ffffffff000ULL : 0xffffe000ULL)

#define FIXED_BYTE 0x77

struct place places[PLACES_MAX];
unsigned int nr_places;

static uintptr_t next_free = BASE;
/* What places_disturb() works on. */
static uintptr_t volatile_addr, split_addr, lazy_addr;
static int file_fd, hole_fd;
static int fault_fd = -1;

static void add(const char *name, uint64_t addr, size_t size, unsigned int flags)
{
	places[nr_places++] = (struct place){ name, addr, size, flags };
}

static uintptr_t reserve(size_t size)
{
	uintptr_t addr = next_free;

	next_free += size < SIZE ? SPACE : 2 * size;
	return addr;
}

/* A place of its own for what mmap() makes; 0 if this kernel does not. */
static uintptr_t map(const char *name, size_t size, int prot, int flags, int fd, unsigned int is)
{
	uintptr_t addr = reserve(size);

	if (mmap((void *)addr, size, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		printf("# no %s: %s\n", name, strerror(errno));
		return 0;
	}
	add(name, addr, size, is);
	return addr;
}

static void fill(uintptr_t addr, size_t size, int byte)
{
	if (addr)
		memset((void *)addr, byte, size);
}

static void write_number(const char *path, unsigned int number)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fprintf(file, "%u\n", number);
	fclose(file);
}

static int new_file(const char *name, size_t size)
{
	char path[] = "/tmp/fuzz-XXXXXX";
	char page[PAGE];
	size_t done;
	int fd = mkostemp(path, O_CLOEXEC);

	memset(page, FIXED_BYTE, sizeof(page));
	unlink(path);
	for (done = 0; fd >= 0 && done < size; done += PAGE)
		if (write(fd, page, PAGE) != PAGE)
			break;
	if (fd < 0 || done < size) {
		perror(name);
		exit(2);
	}
	return fd;
}

static void make_anonymous(void)
{
	const int own = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
	uintptr_t addr;

	addr = map("anonymous", SIZE, both, own, -1, 0);
	fill(addr, SIZE, 1);
	map("untouched", SIZE, both, own, -1, 0);
	addr = map("thp", SIZE, both, own, -1, 0);
	madvise((void *)addr, SIZE, MADV_HUGEPAGE);
	fill(addr, SIZE, 1);
	addr = map("locked", 16 * PAGE, both, own | MAP_LOCKED, -1, 0);
	map("growsdown", 16 * PAGE, both, own | MAP_GROWSDOWN, -1, 0);
	map("noreserve", LARGE, PROT_READ, own | MAP_NORESERVE, -1, 0);
	map("none", SIZE, PROT_NONE, own, -1, PLACE_BAD);
	addr = map("read-only", SIZE, both, own, -1, PLACE_FIXED);
	fill(addr, SIZE, FIXED_BYTE);
	mprotect((void *)addr, SIZE, PROT_READ);
	volatile_addr = map("volatile", SIZE, both, own, -1, 0);
	split_addr = map("split", SIZE, both, own, -1, 0);
	madvise((void *)split_addr, SIZE, MADV_HUGEPAGE);
}

static void make_files(void)
{
	const int both = PROT_READ | PROT_WRITE;

	file_fd = new_file("file", SIZE);
	hole_fd = new_file("truncated file", SIZE);
	map("file-shared", SIZE, PROT_READ, MAP_SHARED, file_fd, PLACE_FIXED);
	map("file-private", SIZE, both, MAP_PRIVATE, file_fd, 0);
	map("file-truncated", SIZE, both, MAP_SHARED, hole_fd, 0);
	map("shmem", SIZE, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void make_hugetlb(void)
{
	int both = PROT_READ | PROT_WRITE;

	/* A child that copies on write needs some too. */
	write_number("/proc/sys/vm/nr_hugepages", 4);
	map("hugetlb", SIZE, both, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
}

static void make_secret(void)
{
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd < 0 || ftruncate(fd, 16 * PAGE)) {
		printf("# no secret: %s\n", strerror(errno));
		return;
	}
	map("secret", 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
}

static void make_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fault_fd < 0 || ioctl(fault_fd, UFFDIO_API, &api)) {
		printf("# no userfaultfd: %s\n", strerror(errno));
		return;
	}
	lazy_addr = map("userfaultfd", 16 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = lazy_addr;
	reg.range.len = 16 * PAGE;
	if (ioctl(fault_fd, UFFDIO_REGISTER, &reg))
		printf("# userfaultfd does not register: %s\n", strerror(errno));
}

/* Registers of the disk controller that every q35 machine has: no page is behind them. */
static void make_registers(void)
{
	int fd = open("/sys/bus/pci/devices/0000:00:1f.2/resource5", O_RDONLY | O_CLOEXEC);

	map("registers", PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
}

/* What the kernel gives every process, and where nothing can be. */
static void make_edges(void)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);

	if (vdso) {
		add("vdso", vdso, PAGE, 0);
		add("vvar", vdso - 4 * PAGE, 4 * PAGE, 0);
	}
	add("text", (uintptr_t)make_edges & ~(PAGE - 1), PAGE, 0);
	add("hole", reserve(SIZE), SIZE, PLACE_BAD);
	add("zero", 0, 4 * PAGE, PLACE_BAD);
	/* The last one whose pages have an address; its second page has none any more. */
	add("edge", TASK_END - PAGE, 2 * PAGE, 0);
	add("beyond", TASK_END, SIZE, PLACE_BAD);
	add("kernel", sizeof(void *) == 8 ? 0xffff888000000000 : 0xfffff000, PAGE, PLACE_BAD);
	add("top", sizeof(void *) == 8 ? -PAGE : 0xfffff000, PAGE, PLACE_BAD);
}

void places_make(void)
{
	unsigned int i;

	make_anonymous();
	make_files();
	make_hugetlb();
	make_secret();
	make_userfaultfd();
	make_registers();
	make_edges();
	printf("# places:");
	for (i = 0; i < nr_places; i++)
		printf(" %s", places[i].name);
	printf("\n");
}

const struct place *places_pick(struct rng *rng)
{
	return &places[rng_below(rng, nr_places)];
}

/* ---- while others use it */

static void remap(struct rng *rng)
{
	void *addr = (void *)volatile_addr;

	switch (rng_below(rng, 4)) {
	case 0:
		munmap(addr, SIZE);
		break;
	case 1:
		munmap((char *)addr + rng_below(rng, SIZE / PAGE) * PAGE, PAGE);
		break;
	case 2:
		mprotect(addr, SIZE, PROT_READ);
		break;
	default:
		mmap(addr, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
	}
}

static void advise(struct rng *rng)
{
	static const int advices[] = { MADV_DONTNEED,   MADV_FREE,       MADV_COLD,
				       MADV_PAGEOUT,    MADV_NOHUGEPAGE, MADV_HUGEPAGE,
				       MADV_WIPEONFORK, MADV_KEEPONFORK };
	const struct place *place = places_pick(rng);
	void *addr = (void *)(split_addr + rng_below(rng, SIZE / PAGE) * PAGE);
	size_t len = (1 + rng_below(rng, 4)) * PAGE;
	uintptr_t end = split_addr + SIZE;

	if ((uintptr_t)addr + len > end)
		len = end - (uintptr_t)addr;
	madvise(addr, len, advices[rng_below(rng, array_size(advices))]);
	/* What is dropped here comes back as it was. */
	if (place->flags & PLACE_FIXED)
		madvise((void *)(uintptr_t)place->addr, place->size, MADV_PAGEOUT);
}

static void truncate_file(struct rng *rng)
{
	if (ftruncate(hole_fd, rng_below(rng, SIZE / PAGE + 1) * PAGE))
		fail("ftruncate: %s", strerror(errno));
}

void places_disturb(struct rng *rng)
{
	atomic_fetch_add(&shared->disturbed, 1);
	switch (rng_below(rng, 4)) {
	case 0:
		remap(rng);
		break;
	case 1:
		advise(rng);
		break;
	case 2:
		truncate_file(rng);
		break;
	default:
		/* They fault again. */
		if (lazy_addr)
			madvise((void *)lazy_addr, 16 * PAGE, MADV_DONTNEED);
	}
}

static void serve(uintptr_t addr)
{
	struct uffdio_zeropage zero = { .range = { .start = addr & ~(PAGE - 1), .len = PAGE } };
	struct uffdio_range wake = zero.range;

	/* Another thread's fault may have been about the same page. */
	if (ioctl(fault_fd, UFFDIO_ZEROPAGE, &zero))
		ioctl(fault_fd, UFFDIO_WAKE, &wake);
	atomic_fetch_add(&shared->faults, 1);
}

void places_serve(struct rng *rng, int ms)
{
	struct pollfd pollfd = { .fd = fault_fd, .events = POLLIN };
	struct timespec late = { .tv_nsec = rng_below(rng, 3000000) };
	struct uffd_msg msg;

	if (poll(&pollfd, 1, ms) != 1 || read(fault_fd, &msg, sizeof(msg)) != sizeof(msg))
		return;
	if (rng_one_in(rng, 4))
		nanosleep(&late, NULL);
	if (msg.event == UFFD_EVENT_PAGEFAULT)
		serve(msg.arg.pagefault.address);
}

/* ---- at the end */

static bool has_only(const struct place *place, unsigned char byte)
{
	const unsigned char *at = (const unsigned char *)(uintptr_t)place->addr;
	size_t i;

	for (i = 0; i < place->size; i++) {
		if (at[i] != byte) {
			fail("%s: byte %#zx was written", place->name, i);
			return false;
		}
	}
	return true;
}

bool places_unchanged(void)
{
	bool same = true;
	unsigned int i;

	for (i = 0; i < nr_places; i++)
		if (places[i].flags & PLACE_FIXED)
			same &= has_only(&places[i], FIXED_BYTE);
	return same;
}
