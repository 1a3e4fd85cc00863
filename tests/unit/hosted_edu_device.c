// SPDX-License-Identifier: GPL-2.0-only
/* The edu driver and its device: loading, finding it in whatever state, losing it. */
#include <linux/eventpoll.h>
#include <linux/miscdevice.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "edu.h"

#define EDU_STATUS  0x24
#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000

/* Much less than a transfer takes. */
#define SOON_NS (20 * NSEC_PER_MSEC)

/* More than loading and probing take. */
#define ALLOCATIONS 16

static struct file *file;
static u32 range;

/* ---- what the kernel's log says */

static char printed[1024];

static void print(const char *text)
{
	size_t used = strlen(printed);

	strscpy(printed + used, text, sizeof(printed) - used);
}

static void check_printed(const char *text)
{
	if (!strstr(printed, text))
		hosted_fail("check", "not in the log: %s; but: %s", text, printed);
	printed[0] = '\0';
}

/* ---- loading */

static void case_bad_parameter(void *unused)
{
	hosted_console = print;
	expect(hosted_module_load("edu", "policy=never"), -EINVAL);
	check_printed("edu: policy=never is none of refuse trylock\n");
	expect(hosted_module_load("edu", "inject=all"), -EINVAL);
	check_printed("edu: inject=all is none of none lost_irq never_done\n");
	expect(hosted_module_load("edu", "dma_bits=27"), -EINVAL);
	check_printed("edu: dma_bits=27 must be between 28 and 64\n");
	expect(hosted_module_load("edu", "dma_bits=65"), -EINVAL);
	check_printed("edu: dma_bits=65 must be between 28 and 64\n");
	check(!hosted_slab_objects());
}
CASE(bad_parameter)

static void case_dma_bits(void *unused)
{
	file = edu_open(HOSTED_DMA_IOMMU, "dma_bits=64", &range);
	expect(edu_info(file).dma_bits, 64);
	edu_close(file);
}
CASE(dma_bits)

/* Whatever fails: nothing stays, and it can be loaded afterwards. */
static void case_load_without_memory(void *unused)
{
	unsigned int n, failed = 0;
	int error;

	for (n = 1; n < ALLOCATIONS; n++) {
		hosted_slab_fail(n);
		error = hosted_module_load("edu", "");
		hosted_slab_fail(0);
		check(!error || error == -ENOMEM);
		failed += !!error;
		if (!error)
			check(!hosted_module_unload("edu"));
		hosted_slab_check_empty();
	}
	check(failed >= 2);
}
CASE(load_without_memory)

/* The device is given back, and found again. */
static void case_unload_and_load(void *unused)
{
	edu_load(HOSTED_DMA_IOMMU, "");
	check(!hosted_module_unload("edu"));
	expect(PTR_ERR(hosted_open("xmmu-edu0", 0)), -ENOENT);
	hosted_slab_check_empty();
	check(!hosted_module_load("edu", ""));
	file = hosted_open("xmmu-edu0", 0);
	check(!IS_ERR(file));
	expect(hosted_module_unload("edu"), -EBUSY);
	hosted_close(file);
	edu_unload();
	hosted_slab_check_empty();
}
CASE(unload_and_load)

/* ---- finding the device */

static void case_probe_says_what_it_found(void *unused)
{
	hosted_console = print;
	edu_load(HOSTED_DMA_IOMMU, "");
	check_printed("xmmu-edu0: 28 address bits, memory through an IOMMU, MSI\n");
	edu_unload();
	edu_load(HOSTED_DMA_BOUNCE, "");
	check_printed("xmmu-edu0: 28 address bits, memory through a page of the driver, MSI\n");
	edu_unload();
}
CASE(probe_says_what_it_found)

/* Returns whether a program finds the device. */
static bool is_found(void)
{
	file = hosted_open("xmmu-edu0", 0);
	if (IS_ERR(file))
		return false;
	hosted_close(file);
	return true;
}

static void case_probe_without_memory(void *unused)
{
	unsigned int n, failed = 0;
	unsigned long objects;

	check(!hosted_module_load("edu", ""));
	objects = hosted_slab_objects();
	for (n = 1; n < ALLOCATIONS; n++) {
		hosted_slab_fail(n);
		/* Of the modes the one with a page of the driver. */
		edu = hosted_edu_add(HOSTED_DMA_BOUNCE, TRANSFER_NS);
		hosted_slab_fail(0);
		if (!is_found()) {
			failed++;
			expect(hosted_slab_objects(), objects);
		}
		hosted_edu_remove(edu);
		expect(hosted_slab_objects(), objects);
	}
	check(failed >= 5);
	check(!hosted_module_unload("edu"));
	hosted_slab_check_empty();
}
CASE(probe_without_memory)

/* Somebody else has the name: the number is free again afterwards. */
static void case_probe_without_name(void *unused)
{
	static const struct file_operations fops;
	struct miscdevice other = { .name = "xmmu-edu0", .fops = &fops };

	check(!misc_register(&other));
	edu_load(HOSTED_DMA_IOMMU, "");
	misc_deregister(&other);
	check(!is_found());
	hosted_edu_remove(edu);
	edu = hosted_edu_add(HOSTED_DMA_IOMMU, TRANSFER_NS);
	check(is_found());
	edu_unload();
	hosted_slab_check_empty();
}
CASE(probe_without_name)

/* Who had the device before, and left a transfer to memory that is none any more. */
static void __iomem *regs;

static int previous_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	check(!IS_ERR(regs));
	pci_set_master(pdev);
	writeq(EDU_BUFFER, regs + EDU_SOURCE);
	writeq(0x1000, regs + EDU_TARGET);
	writeq(BYTES, regs + EDU_COUNT);
	writeq(7, regs + EDU_COMMAND);
	return 0;
}

static void previous_remove(struct pci_dev *pdev)
{
}

static void leave_at_work(u64 transfer_ns)
{
	static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, {} };
	static struct pci_driver previous = { .name = "previous",
					      .id_table = ids,
					      .probe = previous_probe,
					      .remove = previous_remove };

	edu = hosted_edu_add(HOSTED_DMA_IOMMU, transfer_ns);
	check(!pci_register_driver(&previous));
	pci_unregister_driver(&previous);
}

/* The transfer does not reach memory, and its interrupt is not left on a line that others use. */
static void case_probe_of_device_at_work(void *unused)
{
	leave_at_work(TRANSFER_NS);
	check(!hosted_module_load("edu", ""));
	check(is_found());
	check(!readl(regs + EDU_STATUS));
	expect(hosted_edu_transfers(edu), 0);
	edu_unload();
}
CASE(probe_of_device_at_work)

static void case_probe_of_device_that_never_ends(void *unused)
{
	hosted_console = print;
	leave_at_work(20 * TRANSFER_NS);
	check(!hosted_module_load("edu", ""));
	check_printed("still at work for somebody else\n");
	check(!is_found());
	msleep(20 * TRANSFER_NS / NSEC_PER_MSEC);
	edu_unload();
}
CASE(probe_of_device_that_never_ends)

/* ---- a device that fails */

static void start(const char *parameters)
{
	file = edu_open(HOSTED_DMA_IOMMU, parameters, &range);
}

/* The interrupt's line is free for others. */
static void case_interrupt_acknowledged(void *unused)
{
	leave_at_work(TRANSFER_NS);
	check(!hosted_module_load("edu", ""));
	enter();
	file = hosted_open("xmmu-edu0", 0);
	range = edu_register(file, ADDR, LEN);
	edu_wait(file, edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR));
	check(!readl(regs + EDU_STATUS));
	edu_close(file);
}
CASE(interrupt_acknowledged)

static void check_commands_fail(long error)
{
	struct xmmu_edu_submit submit = { .addr = ADDR, .len = BYTES, .range = range };
	struct xmmu_edu_register reg = { .addr = ADDR, .len = LEN };

	expect(hosted_ioctl(file, XMMU_EDU_SUBMIT, &submit), error);
	expect(hosted_ioctl(file, XMMU_EDU_REGISTER, &reg), error);
}

/* No bytes are said to have moved when it was not there. */
static void case_unplugged_at_work(void *unused)
{
	struct xmmu_edu_wait ended;
	u32 job;

	start("");
	job = edu_submit(file, range, XMMU_EDU_FROM_DEVICE, ADDR);
	msleep(20);
	hosted_edu_unplug(edu);
	ended = edu_wait(file, job);
	check(ended.status == -EIO && !ended.done);
	check_commands_fail(-EIO);
	edu_close(file);
}
CASE(unplugged_at_work)

/* munmap() is not held up for longer than the watchdog allows. */
static void case_cut_off(void *unused)
{
	struct xmmu_edu_wait ended;
	u64 begun;
	u32 job;

	hosted_console = print;
	start("inject=never_done watchdog_ms=500");
	job = edu_submit(file, range, XMMU_EDU_FROM_DEVICE, ADDR);
	msleep(20);
	begun = hosted_now_ns();
	check(!hosted_munmap(mm, ADDR, PAGE_SIZE));
	check(hosted_now_ns() - begun < 2 * 500 * NSEC_PER_MSEC);
	check_printed("a transfer did not end, the device is cut off\n");
	ended = edu_wait(file, job);
	check(ended.status == -EIO && !ended.done);
	check(edu_info(file).flags == XMMU_EDU_DEAD && edu_stats(file).isolated == 1);
	check_commands_fail(-EIO);
	edu_close(file);
}
CASE(cut_off)

/* Without anybody who waits for the memory. */
static void case_job_times_out(void *unused)
{
	u64 begun;

	start("inject=never_done timeout_ms=1000");
	begun = hosted_now_ns();
	expect(edu_wait(file, edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR)).status, -EIO);
	check(hosted_now_ns() - begun >= NSEC_PER_SEC);
	check(hosted_now_ns() - begun < 3 * NSEC_PER_SEC);
	expect(edu_info(file).flags, XMMU_EDU_DEAD);
	edu_close(file);
}
CASE(job_times_out)

/* ---- removal */

static u64 removed_at;
static u32 awaited;

static void check_soon(void)
{
	check(hosted_now_ns() - removed_at < SOON_NS);
}

static void wait_for_job(void *unused)
{
	struct xmmu_edu_wait wait = { .job = awaited, .timeout_ms = 60000 };

	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), -ENODEV);
	check_soon();
}

static void poll(void *unused)
{
	expect(hosted_poll(file, EPOLLIN | EPOLLPRI, 60000), EPOLLERR | EPOLLHUP);
	check_soon();
}

static void ask_later(void *unused)
{
	struct xmmu_edu_info info;

	msleep(30);
	expect(hosted_ioctl(file, XMMU_EDU_INFO, &info), -ENODEV);
	check_soon();
}

/* Everybody learns of it at once, though the transfer is awaited. */
static void case_removed(void *unused)
{
	static void (*const users[])(void *unused) = { wait_for_job, poll, ask_later };
	struct task_struct *tasks[ARRAY_SIZE(users)];
	struct xmmu_edu_event event;
	unsigned int i;

	start("");
	awaited = edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR);
	for (i = 0; i < ARRAY_SIZE(users); i++)
		tasks[i] = hosted_thread("user", mm, users[i], NULL);
	msleep(20);
	removed_at = hosted_now_ns();
	hosted_edu_unbind(edu);
	expect(hosted_edu_transfers(edu), 1);
	expect(PTR_ERR(hosted_open("xmmu-edu0", 0)), -ENOENT);
	expect(hosted_read(file, &event, sizeof(event)), -ENODEV);
	expect(hosted_poll(file, EPOLLIN, 0), EPOLLERR | EPOLLHUP);
	for (i = 0; i < ARRAY_SIZE(users); i++)
		hosted_join(tasks[i]);
	edu_close(file);
}
CASE(removed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_parameter),
		cmocka_unit_test(dma_bits),
		cmocka_unit_test(load_without_memory),
		cmocka_unit_test(unload_and_load),
		cmocka_unit_test(probe_says_what_it_found),
		cmocka_unit_test(probe_without_memory),
		cmocka_unit_test(probe_without_name),
		cmocka_unit_test(probe_of_device_at_work),
		cmocka_unit_test(probe_of_device_that_never_ends),
		cmocka_unit_test(interrupt_acknowledged),
		cmocka_unit_test(unplugged_at_work),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(job_times_out),
		cmocka_unit_test(removed),
	};

	return cmocka_run_group_tests_name("hosted_edu_device", tests, NULL, NULL);
}
