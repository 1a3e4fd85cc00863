// SPDX-License-Identifier: GPL-2.0-only
/* The edu driver: what its commands, its records and poll() promise to a program. */
#include <linux/eventpoll.h>
#include <linux/string.h>

#include "edu.h"

#define TRANSFER_MS (TRANSFER_NS / NSEC_PER_MSEC)

/* Much less than a transfer takes. */
#define SOON_NS (20 * NSEC_PER_MSEC)

static struct file *file;
static u32 range;

static void start(const char *parameters)
{
	file = edu_open(HOSTED_DMA_IOMMU, parameters, &range);
}

static void stop(void)
{
	edu_close(file);
}

static u32 submit(unsigned int direction)
{
	return edu_submit(file, range, direction, ADDR);
}

/* What a command that must fail says. Nothing that it has allocated may stay. */
static long refused(unsigned int command, void *argument)
{
	unsigned long objects = hosted_slab_objects();
	long error = hosted_ioctl(file, command, argument);

	msleep(1);
	expect(hosted_slab_objects(), objects);
	return error;
}

/* With each of its allocations failing. Returns how many there are. */
static unsigned int without_memory(unsigned int command, void *argument)
{
	unsigned int n = 0;
	long error;

	do {
		unsigned long objects = hosted_slab_objects();

		hosted_slab_fail(++n);
		error = hosted_ioctl(file, command, argument);
		hosted_slab_fail(0);
		check(!error || error == -ENOMEM);
		msleep(1);
		check(!error || hosted_slab_objects() == objects);
	} while (error);
	return n - 1;
}

/* ---- ranges */

static long register_range(u64 addr, u64 len, u32 pad)
{
	struct xmmu_edu_register reg = { .addr = addr, .len = len, .pad = pad };

	return refused(XMMU_EDU_REGISTER, &reg);
}

static void case_register_invalid(void *unused)
{
	start("");
	expect(register_range(ADDR, LEN, 1), -EINVAL);
	expect(register_range(ADDR + 1, LEN, 0), -EINVAL);
	expect(register_range(ADDR, LEN - 1, 0), -EINVAL);
	expect(register_range(ADDR, 0, 0), -EINVAL);
	expect(register_range(ADDR, -PAGE_SIZE, 0), -EINVAL);
	expect(register_range(HOSTED_TASK_SIZE, PAGE_SIZE, 0), -EINVAL);
	stop();
}
CASE(register_invalid)

static void case_register_without_memory(void *unused)
{
	struct xmmu_edu_register reg = { .addr = ADDR, .len = PAGE_SIZE };

	start("");
	check(without_memory(XMMU_EDU_REGISTER, &reg) >= 2);
	stop();
}
CASE(register_without_memory)

/* One too many is refused, and takes nothing. */
static void case_register_all(void *unused)
{
	unsigned int i;

	start("");
	for (i = 1; i < XMMU_EDU_IDS; i++)
		edu_register(file, ADDR, PAGE_SIZE);
	expect(register_range(ADDR, PAGE_SIZE, 0), -EBUSY);
	expect(edu_give_back(file, range), 0);
	expect(edu_register(file, ADDR, LEN), range);
	stop();
}
CASE(register_all)

static void case_unregister(void *unused)
{
	struct xmmu_edu_id id = { .id = range, .pad = 1 };
	u32 running, queued;

	start("");
	expect(hosted_ioctl(file, XMMU_EDU_UNREGISTER, &id), -EINVAL);
	running = submit(XMMU_EDU_TO_DEVICE);
	queued = submit(XMMU_EDU_TO_DEVICE);
	msleep(TRANSFER_MS / 2);
	expect(edu_give_back(file, range), 0);
	expect(edu_give_back(file, range), -ENOENT);
	/* Whatever was under way has ended. */
	expect(edu_wait(file, running).done, BYTES);
	expect(edu_wait(file, queued).status, -ESRCH);
	expect(hosted_edu_transfers(edu), 1);
	stop();
}
CASE(unregister)

/* ---- jobs */

static struct xmmu_edu_submit job_of(unsigned long addr, u32 len, u32 offset)
{
	return (struct xmmu_edu_submit){
		.addr = addr, .len = len, .offset = offset, .range = range
	};
}

static long submit_refused(struct xmmu_edu_submit job)
{
	return refused(XMMU_EDU_SUBMIT, &job);
}

static void case_submit_invalid(void *unused)
{
	struct xmmu_edu_submit job;

	start("");
	job = job_of(ADDR, BYTES, 0);
	job.pad = 1;
	expect(submit_refused(job), -EINVAL);
	job = job_of(ADDR, BYTES, 0);
	job.direction = XMMU_EDU_FROM_DEVICE + 1;
	expect(submit_refused(job), -EINVAL);
	job = job_of(ADDR, BYTES, 0);
	job.range++;
	expect(submit_refused(job), -ENOENT);
	expect(submit_refused(job_of(ADDR, 0, 0)), -EINVAL);
	expect(submit_refused(job_of(ADDR, BYTES, XMMU_EDU_BUFFER)), -EINVAL);
	expect(submit_refused(job_of(ADDR - 1, BYTES, 0)), -EINVAL);
	expect(submit_refused(job_of(ADDR + LEN, BYTES, 0)), -EINVAL);
	expect(submit_refused(job_of(ADDR + LEN - BYTES + 1, BYTES, 0)), -EINVAL);
	expect(submit_refused(job_of(ADDR, XMMU_EDU_JOB_MAX + 1, 0)), -EINVAL);
	stop();
}
CASE(submit_invalid)

static void case_submit_without_memory(void *unused)
{
	struct xmmu_edu_submit job;

	start("");
	job = job_of(ADDR, BYTES, 0);
	check(without_memory(XMMU_EDU_SUBMIT, &job) >= 2);
	expect(edu_wait(file, job.job).done, BYTES);
	stop();
}
CASE(submit_without_memory)

static void case_submit_all(void *unused)
{
	u32 first, i;

	start("");
	first = submit(XMMU_EDU_TO_DEVICE);
	for (i = 1; i < XMMU_EDU_IDS; i++)
		submit(XMMU_EDU_TO_DEVICE);
	expect(submit_refused(job_of(ADDR, BYTES, 0)), -EBUSY);
	edu_wait(file, first);
	expect(submit(XMMU_EDU_TO_DEVICE), first);
	stop();
}
CASE(submit_all)

/* The longest job, and the last byte of the range and of the buffer. */
static void case_submit_most(void *unused)
{
	u32 whole, job;

	start("");
	whole = edu_register(file, ADDR, XMMU_EDU_JOB_MAX);
	job = edu_submit_bytes(file, whole, XMMU_EDU_TO_DEVICE, ADDR, XMMU_EDU_JOB_MAX, 0);
	/* Only so much of it is mapped. */
	check(edu_wait(file, job).status == -EFAULT);
	job = edu_submit_bytes(file, range, XMMU_EDU_TO_DEVICE, ADDR + LEN - 1, 1,
			       XMMU_EDU_BUFFER - 1);
	expect(edu_wait(file, job).done, 1);
	stop();
}
CASE(submit_most)

static u64 word_at(unsigned long addr)
{
	u64 value;

	check(!hosted_load(mm, addr, &value));
	return value;
}

/* Two places of the buffer keep what they were given; it comes back where it is wanted. */
static void copies(enum hosted_dma_mode mode, const char *parameters)
{
	struct xmmu_edu_info info;
	unsigned long to = ADDR + 4 * PAGE_SIZE, other = to + PAGE_SIZE;
	u32 job;

	file = edu_open(mode, parameters, &range);
	check(!hosted_store(mm, ADDR, 0x1111) && !hosted_store(mm, ADDR + PAGE_SIZE, 0x2222));
	job = edu_submit_bytes(file, range, XMMU_EDU_TO_DEVICE, ADDR, BYTES, 0);
	expect(edu_wait(file, job).done, BYTES);
	job = edu_submit_bytes(file, range, XMMU_EDU_TO_DEVICE, ADDR + PAGE_SIZE, BYTES, 1000);
	expect(edu_wait(file, job).done, BYTES);
	job = edu_submit_bytes(file, range, XMMU_EDU_FROM_DEVICE, to, BYTES, 0);
	expect(edu_wait(file, job).status, 0);
	job = edu_submit_bytes(file, range, XMMU_EDU_FROM_DEVICE, other, BYTES, 1000);
	expect(edu_wait(file, job).status, 0);
	check(word_at(to) == 0x1111 && word_at(other) == 0x2222);
	info = edu_info(file);
	check(info.bytes_to_device == 2 * BYTES && info.bytes_from_device == 2 * BYTES);
	check(info.transfers[info.path] == 4 && info.dma_bits == 28 && !info.flags);
	stop();
}

static void case_copies_direct(void *unused)
{
	copies(HOSTED_DMA_DIRECT, "");
}
CASE(copies_direct)

static void case_copies_iommu(void *unused)
{
	copies(HOSTED_DMA_IOMMU, "");
}
CASE(copies_iommu)

static void case_copies_bounce(void *unused)
{
	copies(HOSTED_DMA_BOUNCE, "bounce=1");
}
CASE(copies_bounce)

static void case_copies_coherent(void *unused)
{
	copies(HOSTED_DMA_BOUNCE, "");
}
CASE(copies_coherent)

/*
 * Bytes of both sides of the end of a page, and around the end of the buffer, whose last byte is
 * followed by the first.
 */
static void case_job_in_parts(void *unused)
{
	unsigned long from = ADDR + PAGE_SIZE, to = ADDR + 4 * PAGE_SIZE;
	u32 job;

	start("");
	check(!hosted_store(mm, from - 8, 0x1111) && !hosted_store(mm, from, 0x2222));
	job = edu_submit_bytes(file, range, XMMU_EDU_TO_DEVICE, from - 8, 16, XMMU_EDU_BUFFER - 4);
	expect(edu_wait(file, job).done, 16);
	job = edu_submit_bytes(file, range, XMMU_EDU_FROM_DEVICE, to - 8, 16, XMMU_EDU_BUFFER - 4);
	expect(edu_wait(file, job).done, 16);
	check(word_at(to - 8) == 0x1111 && word_at(to) == 0x2222);
	/* A transfer for each part that lies in one page and does not go around. */
	expect(hosted_edu_transfers(edu), 6);
	stop();
}
CASE(job_in_parts)

/* Returns when the job has ended, and not much later. */
static void case_wait(void *unused)
{
	struct xmmu_edu_wait wait = {};
	u64 begun;

	start("");
	wait.job = submit(XMMU_EDU_TO_DEVICE);
	begun = hosted_now_ns();
	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), -ETIMEDOUT);
	check(hosted_now_ns() - begun < SOON_NS);
	wait.timeout_ms = TRANSFER_MS / 2;
	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), -ETIMEDOUT);
	expect(edu_wait(file, wait.job).done, BYTES);
	check(hosted_now_ns() - begun < TRANSFER_NS + SOON_NS);
	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), -ENOENT);
	stop();
}
CASE(wait)

static void interrupt(void *task)
{
	msleep(10);
	send_sig(SIGKILL, task, 0);
}

static void case_wait_interrupted(void *unused)
{
	struct xmmu_edu_wait wait = { .timeout_ms = 1000 };
	struct task_struct *other;

	start("");
	wait.job = submit(XMMU_EDU_TO_DEVICE);
	other = hosted_thread("other", NULL, interrupt, current);
	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), -EINTR);
	hosted_join(other);
	stop();
}
CASE(wait_interrupted)

static long cancel(u32 job, u32 pad)
{
	struct xmmu_edu_id id = { .id = job, .pad = pad };

	return hosted_ioctl(file, XMMU_EDU_CANCEL, &id);
}

/* One that runs ends with its transfer, one that does not has moved nothing. */
static void case_cancel_job(void *unused)
{
	struct xmmu_edu_wait ended;
	u32 running, queued;

	start("");
	running = edu_submit_bytes(file, range, XMMU_EDU_TO_DEVICE, ADDR, 2 * PAGE_SIZE, 0);
	queued = submit(XMMU_EDU_TO_DEVICE);
	msleep(TRANSFER_MS / 2);
	expect(cancel(running, 1), -EINVAL);
	expect(cancel(queued + 1, 0), -ENOENT);
	expect(cancel(running, 0), 0);
	expect(cancel(queued, 0), 0);
	ended = edu_wait(file, running);
	check(ended.status == -ECANCELED && ended.done == XMMU_EDU_BUFFER);
	ended = edu_wait(file, queued);
	check(ended.status == -ECANCELED && !ended.done);
	expect(cancel(queued, 0), -ENOENT);
	stop();
}
CASE(cancel_job)

/* A program that ends does not wait for what it has queued. */
static void case_close_drops_jobs(void *unused)
{
	unsigned int i;
	u64 begun;

	start("");
	for (i = 0; i < 8; i++)
		submit(XMMU_EDU_TO_DEVICE);
	msleep(TRANSFER_MS / 2);
	begun = hosted_now_ns();
	hosted_close(file);
	check(hosted_now_ns() - begun < TRANSFER_NS);
	expect(hosted_edu_transfers(edu), 1);
	edu_unload();
	leave();
}
CASE(close_drops_jobs)

/* ---- commands in general */

static void case_unknown_command(void *unused)
{
	start("");
	expect(hosted_ioctl(file, _IO(XMMU_EDU_IOC, 99), NULL), -ENOTTY);
	/* The same number with an argument of another size. */
	expect(hosted_ioctl(file, _IO(XMMU_EDU_IOC, 1), NULL), -ENOTTY);
	stop();
}
CASE(unknown_command)

/* The argument is where nothing is mapped. */
static void case_bad_argument(void *unused)
{
	start("");
	expect(file->f_op->unlocked_ioctl(file, XMMU_EDU_INFO, ADDR + LEN), -EFAULT);
	expect(file->f_op->unlocked_ioctl(file, XMMU_EDU_REGISTER, ADDR + LEN), -EFAULT);
	expect(hosted_read_user(file, ADDR + LEN, sizeof(struct xmmu_edu_event)), -EAGAIN);
	stop();
}
CASE(bad_argument)

/* What calls before it have left on the kernel's stack does not come out. */
static noinline void leave_on_stack(void)
{
	volatile char bytes[1024];
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xff;
}

static void case_result_is_clean(void *unused)
{
	struct xmmu_edu_info info;

	start("");
	leave_on_stack();
	expect(hosted_ioctl(file, XMMU_EDU_INFO, &info), 0);
	check(!info.pad);
	stop();
}
CASE(result_is_clean)

static void use_from_elsewhere(void *unused)
{
	struct xmmu_edu_submit job = job_of(ADDR, BYTES, 0);

	expect(register_range(ADDR, PAGE_SIZE, 0), -EXDEV);
	expect(submit_refused(job), -EXDEV);
	hosted_exit();
}

/* Addresses mean something in one address space only. */
static void case_other_process(void *unused)
{
	start("");
	hosted_join(hosted_thread("other", hosted_mm_create(), use_from_elsewhere, NULL));
	stop();
}
CASE(other_process)

/* The file is passed on, and outlives the process. */
static void case_process_exits(void *unused)
{
	struct xmmu_edu_submit job;

	start("");
	hosted_exit();
	job = job_of(ADDR, BYTES, 0);
	expect(submit_refused(job), -EXDEV);
	expect(edu_give_back(file, range), 0);
	hosted_close(file);
	edu_unload();
	check_empty();
}
CASE(process_exits)

/* ---- records */

static void discard(unsigned long page)
{
	check(!hosted_madvise(mm, ADDR + page * PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
}

/* The next record. */
static struct xmmu_edu_event next_event(void)
{
	struct xmmu_edu_event event;

	expect(hosted_read(file, &event, sizeof(event)), sizeof(event));
	return event;
}

static void case_read(void *unused)
{
	struct xmmu_edu_event events[3];

	start("");
	edu_wait(file, submit(XMMU_EDU_TO_DEVICE));
	expect(hosted_read(file, events, sizeof(events)), -EAGAIN);
	expect(hosted_read(file, events, sizeof(*events) - 1), -EINVAL);
	discard(0);
	discard(1);
	/* As many as fit. */
	expect(hosted_read(file, events, 2 * sizeof(*events) - 1), sizeof(*events));
	check(events->start == ADDR && events->end == ADDR + PAGE_SIZE);
	check(events->event == XMMU_EDU_CLEAR && events->flags == XMMU_EDU_BLOCKABLE);
	check(!events->lost && !events->pad && !events->wait_ns);
	discard(2);
	/* As many as there are. */
	expect(hosted_read(file, events, sizeof(events)), 2 * sizeof(*events));
	check(events[0].start == ADDR + PAGE_SIZE && events[1].start == ADDR + 2 * PAGE_SIZE);
	discard(0);
	expect(hosted_read_user(file, ADDR + LEN, sizeof(*events)), -EFAULT);
	stop();
}
CASE(read)

/* The oldest are kept, and the next one that is recorded says how many were lost. */
static void case_records_lost(void *unused)
{
	struct xmmu_edu_event event;
	unsigned int i, kept = 0;

	start("");
	for (i = 0; i < 200; i++)
		discard(i % 2);
	while (hosted_read(file, &event, sizeof(event)) > 0) {
		check(event.start == ADDR + kept % 2 * PAGE_SIZE && !event.lost);
		kept++;
	}
	check(kept && kept < 200);
	discard(0);
	expect(next_event().lost, 200 - kept);
	discard(0);
	expect(next_event().lost, 0);
	stop();
}
CASE(records_lost)

/* The OOM killer takes the memory, and must not wait for the transfer. */
static void case_reap_in_flight(void *unused)
{
	struct xmmu_edu_event event;
	u32 job;

	start("");
	job = submit(XMMU_EDU_FROM_DEVICE);
	msleep(TRANSFER_MS / 2);
	expect(hosted_oom_reap(mm), -EAGAIN);
	event = next_event();
	check(event.flags == XMMU_EDU_REFUSED && event.start <= ADDR && event.end > ADDR);
	check(edu_stats(file).refused == 1 && edu_stats(file).nonblock >= 1);
	edu_wait(file, job);
	stop();
}
CASE(reap_in_flight)

/* With the transfer over, the policy decides. */
static void reap(const char *parameters, long error)
{
	start(parameters);
	edu_wait(file, submit(XMMU_EDU_FROM_DEVICE));
	expect(hosted_oom_reap(mm), error);
	expect(edu_stats(file).refused, !!error);
	stop();
}

static void case_policy_refuse(void *unused)
{
	reap("policy=refuse", -EAGAIN);
}
CASE(policy_refuse)

static void case_policy_trylock(void *unused)
{
	reap("policy=trylock", 0);
}
CASE(policy_trylock)

static void case_stats(void *unused)
{
	struct xmmu_edu_stats stats;
	u32 job;

	start("");
	edu_wait(file, submit(XMMU_EDU_TO_DEVICE));
	job = submit(XMMU_EDU_FROM_DEVICE);
	msleep(TRANSFER_MS / 2);
	discard(0);
	edu_wait(file, job);
	stats = edu_stats(file);
	check(stats.transfers == 2 && stats.pages >= 2 && stats.waits == 1 && !stats.isolated);
	check(stats.wait_ns > TRANSFER_NS / 4 && stats.wait_ns < TRANSFER_NS);
	check(stats.wait_ns_max == stats.wait_ns && !stats.nonblock && !stats.refused);
	stop();
}
CASE(stats)

/* ---- poll() */

static void case_poll(void *unused)
{
	u64 begun;
	u32 job;

	start("");
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 10), 0);
	begun = hosted_now_ns();
	job = submit(XMMU_EDU_TO_DEVICE);
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 1000), EPOLLPRI);
	check(hosted_now_ns() - begun < TRANSFER_NS + SOON_NS);
	edu_wait(file, job);
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 10), 0);
	discard(0);
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 0), EPOLLIN);
	next_event();
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 10), 0);
	stop();
}
CASE(poll)

static void discard_later(void *unused)
{
	msleep(10);
	discard(0);
}

static void case_poll_wakes_for_record(void *unused)
{
	struct task_struct *other;
	u64 begun;

	start("");
	begun = hosted_now_ns();
	other = hosted_thread("other", mm, discard_later, NULL);
	expect(hosted_poll(file, EPOLLIN, 1000), EPOLLIN);
	check(hosted_now_ns() - begun < SOON_NS);
	hosted_join(other);
	stop();
}
CASE(poll_wakes_for_record)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(register_invalid),
		cmocka_unit_test(register_without_memory),
		cmocka_unit_test(register_all),
		cmocka_unit_test(unregister),
		cmocka_unit_test(submit_invalid),
		cmocka_unit_test(submit_without_memory),
		cmocka_unit_test(submit_all),
		cmocka_unit_test(submit_most),
		cmocka_unit_test(copies_direct),
		cmocka_unit_test(copies_iommu),
		cmocka_unit_test(copies_bounce),
		cmocka_unit_test(copies_coherent),
		cmocka_unit_test(job_in_parts),
		cmocka_unit_test(wait),
		cmocka_unit_test(wait_interrupted),
		cmocka_unit_test(cancel_job),
		cmocka_unit_test(close_drops_jobs),
		cmocka_unit_test(unknown_command),
		cmocka_unit_test(bad_argument),
		cmocka_unit_test(result_is_clean),
		cmocka_unit_test(other_process),
		cmocka_unit_test(process_exits),
		cmocka_unit_test(read),
		cmocka_unit_test(records_lost),
		cmocka_unit_test(reap_in_flight),
		cmocka_unit_test(policy_refuse),
		cmocka_unit_test(policy_trylock),
		cmocka_unit_test(stats),
		cmocka_unit_test(poll),
		cmocka_unit_test(poll_wakes_for_record),
	};

	return cmocka_run_group_tests_name("hosted_edu", tests, NULL, NULL);
}
