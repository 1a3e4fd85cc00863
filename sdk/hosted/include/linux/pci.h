/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: PCI, as far as a simple driver needs it. */
#ifndef HOSTED_LINUX_PCI_H
#define HOSTED_LINUX_PCI_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4

#define PCI_IRQ_INTX      (1 << 0)
#define PCI_IRQ_MSI       (1 << 1)
#define PCI_IRQ_MSIX      (1 << 2)
#define PCI_IRQ_ALL_TYPES (PCI_IRQ_INTX | PCI_IRQ_MSI | PCI_IRQ_MSIX)

#define PCI_DEVICE(v, d) .vendor = (v), .device = (d)

struct pci_driver;

struct pci_dev {
	struct device dev;
	u32 vendor;
	u32 device;
	struct resource resource[6];
	unsigned int irq;
	unsigned int msi_enabled : 1;
	u16 command;
	bool at_memory; /* an access of the device is under way */
	int refs;
	struct pci_driver *driver;
	struct list_head node;
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	struct list_head node;
	void *private; /* of the bus */
};

#define to_pci_dev(device) container_of(device, struct pci_dev, dev)

int pci_register_driver(struct pci_driver *driver);
void pci_unregister_driver(struct pci_driver *driver);
struct pci_dev *pci_dev_get(struct pci_dev *pdev);
void pci_dev_put(struct pci_dev *pdev);
int pcim_enable_device(struct pci_dev *pdev);
void pci_set_master(struct pci_dev *pdev);
void pci_clear_master(struct pci_dev *pdev);
int pci_read_config_word(struct pci_dev *pdev, int where, u16 *value);
int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int least, unsigned int most,
			  unsigned int flags);
int pci_irq_vector(struct pci_dev *pdev, unsigned int nr);

static inline void pci_set_drvdata(struct pci_dev *pdev, void *data)
{
	dev_set_drvdata(&pdev->dev, data);
}

static inline void *pci_get_drvdata(struct pci_dev *pdev)
{
	return dev_get_drvdata(&pdev->dev);
}

#endif
