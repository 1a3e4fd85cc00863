// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices, files and modules of the hosted kernel, with a driver that does what it must not: each
 * misuse ends by its oracle.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/ioctl.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "../../sdk/hosted/mm/cpu.h"
#include "hosted.h"

#define ADDR 0x10000000UL

#define EDU_STATUS  0x24
#define EDU_ACK     0x64
#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000

/* ---- a driver for the edu device */

static struct pci_dev *bound;
static void __iomem *regs;
static unsigned int interrupts;
static struct hosted_edu *edu;

static irqreturn_t count_interrupt(int irq, void *data)
{
	check(in_hardirq() && irqs_disabled() && data == &interrupts);
	writel(readl(regs + EDU_STATUS), regs + EDU_ACK);
	interrupts++;
	return IRQ_HANDLED;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	check(id->vendor == 0x1234 && !pcim_enable_device(pdev));
	regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	check(!IS_ERR(regs));
	check(devm_ioremap_resource(&pdev->dev, &pdev->resource[0]) == ERR_PTR(-EBUSY));
	check(!dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28)));
	check(pci_alloc_irq_vectors(pdev, 2, 2, PCI_IRQ_ALL_TYPES) == -ENOSPC);
	check(pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES) == 1);
	check(!devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), count_interrupt, 0, "test",
				&interrupts));
	pci_set_master(pdev);
	bound = pdev;
	return 0;
}

static void unbind(struct pci_dev *pdev)
{
	bound = NULL;
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, {} };
static struct pci_driver driver = {
	.name = "test", .id_table = ids, .probe = probe, .remove = unbind
};

static void start(enum hosted_dma_mode mode)
{
	hosted_edu_add(mode, 0);
	check(!pci_register_driver(&driver));
	check(bound && bound->msi_enabled);
}

/* A page of a process, at ADDR. */
static struct page *user_page(void)
{
	struct mm_struct *mm = hosted_mm_create();
	struct page *page;

	hosted_mm_enter(mm);
	check(!hosted_mmap(mm, ADDR, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
	check(!hosted_store(mm, ADDR, 0x1111));
	mmap_read_lock(mm);
	check(get_user_pages(ADDR, 1, 0, &page) == 1);
	mmap_read_unlock(mm);
	put_page(page);
	return page;
}

static void transfer(dma_addr_t addr, unsigned int len, bool from)
{
	writeq(from ? EDU_BUFFER : addr, regs + EDU_SOURCE);
	writeq(from ? addr : EDU_BUFFER, regs + EDU_TARGET);
	writeq(len, regs + EDU_COUNT);
	writeq(from ? 7 : 5, regs + EDU_COMMAND);
	while (readq(regs + EDU_COMMAND) & 1)
		cpu_relax();
}

static void case_transfer_through_bounce_buffer(void *unused)
{
	struct device *dev;
	dma_addr_t addr;
	u64 value;

	start(HOSTED_DMA_BOUNCE);
	dev = &bound->dev;
	addr = dma_map_page(dev, user_page(), 0, 16, DMA_BIDIRECTIONAL);
	transfer(addr, 16, false);
	check(!hosted_store(current->mm, ADDR, 0x2222));
	transfer(addr, 16, true);
	check(!hosted_load(current->mm, ADDR, &value) && value == 0x2222);
	dma_unmap_page(dev, addr, 16, DMA_BIDIRECTIONAL);
	check(!hosted_load(current->mm, ADDR, &value) && value == 0x1111);
	check(dma_map_page(dev, user_page(), 0, SZ_1M, DMA_TO_DEVICE) == DMA_MAPPING_ERROR);
	msleep(1);
	check(interrupts == 2 && readl(regs) == 0x010000ed);
	pci_unregister_driver(&driver);
	check(!hosted_slab_objects());
}
CASE(transfer_through_bounce_buffer)

static void case_transfer_without_bus_mastering(void *unused)
{
	dma_addr_t addr;
	u64 value;

	start(HOSTED_DMA_IOMMU);
	addr = dma_map_page(&bound->dev, user_page(), 0, 16, DMA_FROM_DEVICE);
	pci_clear_master(bound);
	transfer(addr, 16, true);
	check(!hosted_load(current->mm, ADDR, &value) && value == 0x1111);
	dma_unmap_page(&bound->dev, addr, 16, DMA_FROM_DEVICE);
}
CASE(transfer_without_bus_mastering)

static void case_unplugged(void *unused)
{
	edu = hosted_edu_add(HOSTED_DMA_IOMMU, 0);
	check(!pci_register_driver(&driver));
	hosted_edu_unplug(edu);
	check(readl(regs) == U32_MAX && readq(regs + EDU_COMMAND) == U64_MAX);
	writeq(5, regs + EDU_COMMAND);
	hosted_edu_remove(edu);
	check(!bound);
}
CASE(unplugged)

static void case_access_after_unmap(void *unused)
{
	dma_addr_t addr;

	start(HOSTED_DMA_IOMMU);
	addr = dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
	dma_unmap_page(&bound->dev, addr, 16, DMA_TO_DEVICE);
	transfer(addr, 16, false);
}
CASE_UNTIL(access_after_unmap, "stale access")

static void case_access_beyond_mapping(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	transfer(dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE), 17, false);
}
CASE_UNTIL(access_beyond_mapping, "stale access")

static void case_access_against_direction(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	transfer(dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE), 16, true);
}
CASE_UNTIL(access_against_direction, "stale access")

/* Mapped, but nobody kept the page. */
static void case_access_to_freed_page(void *unused)
{
	dma_addr_t addr;

	start(HOSTED_DMA_DIRECT);
	addr = dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
	check(!hosted_munmap(current->mm, ADDR, PAGE_SIZE));
	transfer(addr, 16, false);
}
CASE_UNTIL(access_to_freed_page, "stale access")

static void case_unmap_twice(void *unused)
{
	dma_addr_t addr;

	start(HOSTED_DMA_IOMMU);
	addr = dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
	dma_unmap_page(&bound->dev, addr, 16, DMA_TO_DEVICE);
	dma_unmap_page(&bound->dev, addr, 16, DMA_TO_DEVICE);
}
CASE_UNTIL(unmap_twice, "dma")

static void case_unmap_of_other_size(void *unused)
{
	dma_addr_t addr;

	start(HOSTED_DMA_IOMMU);
	addr = dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
	dma_unmap_page(&bound->dev, addr, 32, DMA_TO_DEVICE);
}
CASE_UNTIL(unmap_of_other_size, "dma")

static void case_mapping_beyond_mask(void *unused)
{
	start(HOSTED_DMA_DIRECT);
	dma_set_mask_and_coherent(&bound->dev, DMA_BIT_MASK(12));
	dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
}
CASE_UNTIL(mapping_beyond_mask, "dma")

static void case_mapping_left_behind(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	dma_map_page(&bound->dev, user_page(), 0, 16, DMA_TO_DEVICE);
	pci_unregister_driver(&driver);
}
CASE_UNTIL(mapping_left_behind, "leak")

static void case_registers_after_remove(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	pci_unregister_driver(&driver);
	readl(regs);
}
CASE_UNTIL(registers_after_remove, "use after free")

static void case_command_that_stops_qemu(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	transfer(0, 4096, false);
}
CASE_UNTIL(command_that_stops_qemu, "device")

static void case_device_put_too_often(void *unused)
{
	start(HOSTED_DMA_IOMMU);
	check(pci_dev_get(bound) == bound);
	pci_dev_put(bound);
	pci_dev_put(bound);
	pci_dev_put(bound);
}
CASE_UNTIL(device_put_too_often, "refcount")

static void case_device_kept(void *unused)
{
	edu = hosted_edu_add(HOSTED_DMA_IOMMU, 0);
	check(!pci_register_driver(&driver));
	pci_dev_get(bound);
	hosted_edu_remove(edu);
}
CASE_UNTIL(device_kept, "leak")

/* ---- files */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool ready;
static bool under_lock;
static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spin);

static long test_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	char text[8] = {};
	long left;

	if (under_lock)
		spin_lock(&spin);
	left = copy_from_user(text, (void *)argument, sizeof(text));
	if (under_lock)
		spin_unlock(&spin);
	if (number == 1)
		mutex_lock(&mutex);
	text[0]++;
	return left ? left : (long)copy_to_user((void *)argument, text, sizeof(text));
}

static __poll_t test_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &queue, table);
	return READ_ONCE(ready) ? EPOLLIN : 0;
}

static const struct file_operations fops = { .unlocked_ioctl = test_ioctl, .poll = test_poll };
static struct miscdevice misc = { .name = "test", .fops = &fops };

static struct file *open_misc(void)
{
	check(!misc_register(&misc));
	return hosted_open("test", 0);
}

static void become_ready(void *unused)
{
	msleep(10);
	wake_up_all(&queue);
	msleep(10);
	WRITE_ONCE(ready, true);
	wake_up_all(&queue);
}

static void case_poll_waits(void *unused)
{
	struct file *file = open_misc();
	struct task_struct *task;
	u64 begun = hosted_now_ns();

	check(!hosted_poll(file, EPOLLIN, 0) && !hosted_poll(file, EPOLLIN, 5));
	task = hosted_thread("other", NULL, become_ready, NULL);
	check(hosted_poll(file, EPOLLIN, 1000) == EPOLLIN);
	check(hosted_now_ns() - begun < 100 * NSEC_PER_MSEC);
	hosted_join(task);
	check(!hosted_poll(file, EPOLLOUT, 0) && !waitqueue_active(&queue));
	hosted_close(file);
	misc_deregister(&misc);
	check(hosted_open("test", 0) == ERR_PTR(-ENOENT));
}
CASE(poll_waits)

static void case_arguments(void *unused)
{
	struct file *file = open_misc();
	char argument[8] = "abc";
	u64 value;

	check(!hosted_ioctl(file, _IOWR('t', 2, argument), argument) && argument[0] == 'b');
	/* Longer than the number says, and nothing else there: no address space. */
	check(hosted_ioctl(file, _IOWR('t', 2, short), argument) == 8);
	user_page();
	check(!hosted_ioctl(file, _IO('t', 2), (void *)ADDR));
	check(!hosted_load(current->mm, ADDR, &value) && value == 0x1112);
	check(!hosted_ioctl(file, _IO('t', 2), (void *)(ADDR + 11)));
	check(hosted_ioctl(file, _IO('t', 2), (void *)(ADDR + PAGE_SIZE)) == 8);
}
CASE(arguments)

static void case_copy_under_spinlock(void *unused)
{
	char argument[8] = "abc";

	under_lock = true;
	hosted_ioctl(open_misc(), _IOWR('t', 2, argument), argument);
}
CASE_UNTIL(copy_under_spinlock, "sleep in atomic")

static void case_lock_left_by_system_call(void *unused)
{
	char argument[8] = "abc";

	hosted_ioctl(open_misc(), 1, argument);
}
CASE_UNTIL(lock_left_by_system_call, "missing unlock")

/* ---- debugfs */

static int numbers_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%d ", 42);
	seq_puts(file, file->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(numbers);

static void case_debugfs(void *unused)
{
	struct dentry *folder = debugfs_create_dir("test", NULL);
	struct dentry *inner = debugfs_create_dir("inner", folder);
	char text[16] = {};
	u32 number = 0;

	debugfs_create_file("numbers", 0400, inner, "is it", &numbers_fops);
	debugfs_create_u32("number", 0600, inner, &number);
	check(hosted_debugfs_read("test/inner/numbers", text, sizeof(text)) == 8);
	check(!strcmp(text, "42 is it"));
	check(!hosted_debugfs_write("test/inner/number", 7) && number == 7);
	check(hosted_debugfs_write("test/inner/numbers", 7) == -ENOENT);
	check(hosted_debugfs_read("test/inner", text, sizeof(text)) == -ENOENT);
	hosted_slab_fail(1);
	check(IS_ERR(debugfs_create_dir("other", NULL)));
	check(IS_ERR(debugfs_create_dir("other", ERR_PTR(-ENOMEM))));
	debugfs_remove_recursive(ERR_PTR(-ENOMEM));
	debugfs_remove_recursive(folder);
	check(hosted_debugfs_read("test/inner/numbers", text, sizeof(text)) == -ENOENT);
	check(!hosted_slab_objects());
}
CASE(debugfs)

/* ---- modules */

static unsigned int speed = 5;
static bool loud;
static char *name = "none";
static int loads, load_error;

module_param(speed, uint, 0444);
module_param(loud, bool, 0444);
module_param_named(title, name, charp, 0444);

static int test_init(void)
{
	loads++;
	return load_error;
}
module_init(test_init);

static void test_exit(void)
{
	loads--;
}
module_exit(test_exit);

static void case_module(void *unused)
{
	check(!hosted_module_load("test", " speed=7  loud=Y title=two"));
	check(speed == 7 && loud && !strcmp(name, "two") && loads == 1);
	check(hosted_module_load("test", "") == -EEXIST);
	check(!hosted_module_unload("test") && !loads);
	check(hosted_module_unload("test") == -ENOENT);
	check(hosted_module_load("test", "speed=7x") == -EINVAL &&
	      hosted_module_load("test", "speed=") == -EINVAL);
	check(hosted_module_load("test", "speed=4294967296") == -ERANGE);
	check(hosted_module_load("test", "loud=maybe") == -EINVAL);
	check(hosted_module_load("test", "loud") == -ENOENT);
	check(hosted_module_load("test", "volume=1") == -ENOENT && !loads);
	load_error = -ENODEV;
	check(hosted_module_load("test", "loud=0") == -ENODEV && !loud);
	check(hosted_module_unload("test") == -ENOENT);
}
CASE(module)

static void case_no_such_module(void *unused)
{
	hosted_module_load("nothing", "");
}
CASE_UNTIL(no_such_module, "scenario")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfer_through_bounce_buffer),
		cmocka_unit_test(transfer_without_bus_mastering),
		cmocka_unit_test(unplugged),
		cmocka_unit_test(access_after_unmap),
		cmocka_unit_test(access_beyond_mapping),
		cmocka_unit_test(access_against_direction),
		cmocka_unit_test(access_to_freed_page),
		cmocka_unit_test(unmap_twice),
		cmocka_unit_test(unmap_of_other_size),
		cmocka_unit_test(mapping_beyond_mask),
		cmocka_unit_test(mapping_left_behind),
		cmocka_unit_test(registers_after_remove),
		cmocka_unit_test(command_that_stops_qemu),
		cmocka_unit_test(device_put_too_often),
		cmocka_unit_test(device_kept),
		cmocka_unit_test(poll_waits),
		cmocka_unit_test(arguments),
		cmocka_unit_test(copy_under_spinlock),
		cmocka_unit_test(lock_left_by_system_call),
		cmocka_unit_test(debugfs),
		cmocka_unit_test(module),
		cmocka_unit_test(no_such_module),
	};

	return cmocka_run_group_tests_name("hosted_device", tests, NULL, NULL);
}
