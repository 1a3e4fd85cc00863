// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver for the edu device of QEMU, which copies between its buffer and memory and has no MMU: the
 * SDK lets it work in the memory of a process without pinning a page.
 *
 * This file finds the device, decides how it reaches memory, and gives it back.
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "edu.h"

#define EDU_VENDOR  0x1234
#define EDU_DEVICE  0x11e8
#define EDU_ID      0x00
#define EDU_ID_MASK 0xff
#define EDU_ID_EDU  0xed

static unsigned int edu_dma_bits = 28;
module_param_named(dma_bits, edu_dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits,
		 "address bits of the device, 28 to 64: those set in its dma_mask property");

static bool edu_bounce;
module_param_named(bounce, edu_bounce, bool, 0444);
MODULE_PARM_DESC(bounce, "the kernel's bounce buffers lie where the device reaches them");

unsigned int edu_watchdog_ms = 3000;
module_param_named(watchdog_ms, edu_watchdog_ms, uint, 0444);
MODULE_PARM_DESC(watchdog_ms, "how long an invalidation waits before it cuts the device off");

unsigned int edu_timeout_ms = 10000;
module_param_named(timeout_ms, edu_timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "how long a job waits for a transfer before it does");

/* A parameter that is one of some words. */
struct edu_choice {
	const char *words[4];
	int chosen;
};

static int edu_choice_set(const char *word, const struct kernel_param *param)
{
	struct edu_choice *choice = param->arg;
	int i = __sysfs_match_string(choice->words, ARRAY_SIZE(choice->words), word);

	if (i < 0) {
		pr_err("edu: %s=%s is none of", param->name, word);
		for (i = 0; choice->words[i]; i++)
			pr_cont(" %s", choice->words[i]);
		pr_cont("\n");
		return -EINVAL;
	}
	WRITE_ONCE(choice->chosen, i);
	return 0;
}

static int edu_choice_get(char *buffer, const struct kernel_param *param)
{
	struct edu_choice *choice = param->arg;

	return sysfs_emit(buffer, "%s\n", choice->words[READ_ONCE(choice->chosen)]);
}

static const struct kernel_param_ops edu_choice_ops = {
	.set = edu_choice_set,
	.get = edu_choice_get,
};

static struct edu_choice edu_policy_choice = { .words = { "refuse", "trylock" } };
module_param_cb(policy, &edu_choice_ops, &edu_policy_choice, 0444);
MODULE_PARM_DESC(policy, "what an invalidation that must not block gets: refuse, or trylock");

static struct edu_choice edu_inject_choice = { .words = { "none", "lost_irq", "never_done" } };
module_param_cb(inject, &edu_choice_ops, &edu_inject_choice, 0600);
MODULE_PARM_DESC(inject, "for tests: none, lost_irq, or never_done");

enum xmmu_policy edu_policy(void)
{
	return edu_policy_choice.chosen ? XMMU_TRYLOCK : XMMU_REFUSE;
}

enum edu_fault edu_fault(void)
{
	return READ_ONCE(edu_inject_choice.chosen);
}

static DEFINE_IDA(edu_ids);

static void edu_free(struct kref *ref)
{
	struct edu_device *edu = container_of(ref, struct edu_device, ref);

	destroy_workqueue(edu->queue);
	pci_dev_put(edu->pdev);
	kfree(edu);
}

void edu_put(struct edu_device *edu)
{
	kref_put(&edu->ref, edu_free);
}

static void edu_put_action(void *data)
{
	edu_put(data);
}

static struct edu_device *edu_alloc(struct pci_dev *pdev)
{
	struct edu_device *edu = kzalloc(sizeof(*edu), GFP_KERNEL);

	if (!edu)
		return NULL;
	edu->queue = alloc_ordered_workqueue("xmmu-edu", 0);
	if (!edu->queue) {
		kfree(edu);
		return NULL;
	}
	edu->pdev = pci_dev_get(pdev);
	edu->dma_bits = edu_dma_bits;
	kref_init(&edu->ref);
	init_waitqueue_head(&edu->wait);
	init_rwsem(&edu->gone_lock);
	spin_lock_init(&edu->lock);
	init_completion(&edu->done);
	return edu;
}

/*
 * Behind an IOMMU that translates, the address of the page does not matter: the DMA layer chooses
 * one within the mask. An IOMMU in pass-through mode does not, and that the device sits behind one
 * is all that device_iommu_mapped() says; so the domain is asked.
 *
 * Without one, the device needs all memory within its mask and nothing that bounces all the same
 * (swiotlb=force, encrypted guests), or something in between. The kernel's
 * bounce buffers are used for that only if the parameter says that the device reaches them: where
 * they lie is told nobody, and mapping through others fails with a warning.
 */
static enum xmmu_edu_path edu_choose_path(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type != IOMMU_DOMAIN_IDENTITY)
		return XMMU_EDU_IOMMU;
	if (!dma_addressing_limited(dev) && dma_max_mapping_size(dev) == SIZE_MAX)
		return XMMU_EDU_DIRECT;
	return edu_bounce ? XMMU_EDU_BOUNCE : XMMU_EDU_COHERENT;
}

static int edu_init_dma(struct edu_device *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(edu->dma_bits));
	if (ret)
		return dev_err_probe(dev, ret, "no DMA with %u bits\n", edu->dma_bits);
	edu->path = edu_choose_path(dev);
	if (edu->path != XMMU_EDU_COHERENT)
		return 0;
	edu->page = dmam_alloc_coherent(dev, PAGE_SIZE, &edu->page_dma, GFP_KERNEL);
	return edu->page ? 0 : -ENOMEM;
}

static int edu_init_irq(struct edu_device *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "no interrupt\n");
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), edu_engine_irq, IRQF_SHARED,
				KBUILD_MODNAME, edu);
}

static int edu_init_registers(struct edu_device *edu)
{
	struct device *dev = &edu->pdev->dev;
	u32 id;

	edu->regs = devm_ioremap_resource(dev, &edu->pdev->resource[0]);
	if (IS_ERR(edu->regs))
		return PTR_ERR(edu->regs);
	id = readl(edu->regs + EDU_ID);
	if ((id & EDU_ID_MASK) != EDU_ID_EDU)
		return dev_err_probe(dev, -ENODEV, "identifies as %#x, not as an edu device\n", id);
	return 0;
}

static int edu_register(struct edu_device *edu)
{
	int ret;

	edu->id = ida_alloc(&edu_ids, GFP_KERNEL);
	if (edu->id < 0)
		return edu->id;
	snprintf(edu->name, sizeof(edu->name), "xmmu-edu%d", edu->id);
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = edu->name;
	edu->misc.parent = &edu->pdev->dev;
	edu->misc.fops = &edu_fops;
	ret = misc_register(&edu->misc);
	if (ret)
		ida_free(&edu_ids, edu->id);
	return ret;
}

/* Bus mastering is off until whatever the device was doing before has ended. */
static int edu_init(struct edu_device *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_clear_master(pdev);
	ret = edu_init_registers(edu);
	if (ret)
		return ret;
	ret = edu_engine_quiesce(edu);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "still at work for somebody else\n");
	ret = edu_init_dma(edu);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = edu_init_irq(edu);
	if (ret)
		return ret;
	return edu_register(edu);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	static const char *const paths[] = {
		[XMMU_EDU_DIRECT] = "directly",
		[XMMU_EDU_IOMMU] = "through an IOMMU",
		[XMMU_EDU_BOUNCE] = "through the kernel's bounce buffers",
		[XMMU_EDU_COHERENT] = "through a page of the driver",
	};
	struct edu_device *edu = edu_alloc(pdev);
	int ret;

	if (!edu)
		return -ENOMEM;
	ret = devm_add_action_or_reset(&pdev->dev, edu_put_action, edu);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, edu);
	ret = edu_init(edu);
	if (ret)
		return ret;
	dev_info(&pdev->dev, "%s: %u address bits, memory %s, %s\n", edu->name, edu->dma_bits,
		 paths[edu->path], pdev->msi_enabled ? "MSI" : "INTx");
	return 0;
}

/*
 * Commands end with ENODEV, jobs before their next transfer. When they have, nothing uses the
 * device any more, though files are open; what is managed is then undone, bus mastering included.
 */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu_device *edu = pci_get_drvdata(pdev);

	misc_deregister(&edu->misc);
	ida_free(&edu_ids, edu->id);
	WRITE_ONCE(edu->gone, true);
	wake_up_all(&edu->wait);
	down_write(&edu->gone_lock);
	up_write(&edu->gone_lock);
	flush_workqueue(edu->queue);
}

static const struct pci_device_id edu_pci_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{},
};
MODULE_DEVICE_TABLE(pci, edu_pci_ids);

static struct pci_driver edu_driver = {
	.name = "xmmu-edu",
	.id_table = edu_pci_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_module_init(void)
{
	int ret;

	if (edu_dma_bits < 28 || edu_dma_bits > 64) {
		pr_err("edu: dma_bits=%u must be between 28 and 64\n", edu_dma_bits);
		return -EINVAL;
	}
	ret = xmmu_module_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&edu_driver);
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(edu_module_init);

static void __exit edu_module_exit(void)
{
	pci_unregister_driver(&edu_driver);
	xmmu_module_exit();
}
module_exit(edu_module_exit);

MODULE_DESCRIPTION("QEMU's edu device in the memory of processes");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
