// SPDX-License-Identifier: GPL-2.0-only
/* Devices on a bus, their registers and interrupts, and what drivers leave to
 * the kernel to undo. */
#include <linux/mutex.h>
#include <linux/pci.h>

#include "internal.h"

/* ---- undone when a driver lets go of a device */

struct hosted_action {
	struct list_head node;
	void (*action)(void *data);
	void *data;
};

void hosted_device_init(struct device *dev, const char *name, enum hosted_dma_mode mode)
{
	dev->name = name;
	dev->dma_mode = mode;
	dev->dma_mask = DMA_BIT_MASK(32);
	INIT_LIST_HEAD(&dev->actions);
	INIT_LIST_HEAD(&dev->mappings);
}

int devm_add_action(struct device *dev, void (*action)(void *data), void *data)
{
	struct hosted_action *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	entry->action = action;
	entry->data = data;
	list_add(&entry->node, &dev->actions);
	return 0;
}

int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data)
{
	int error = devm_add_action(dev, action, data);

	if (error)
		action(data);
	return error;
}

void hosted_device_release(struct device *dev)
{
	struct hosted_action *entry;

	while ((entry = list_first_entry_or_null(&dev->actions, struct hosted_action, node))) {
		list_del(&entry->node);
		entry->action(entry->data);
		kfree(entry);
	}
	hosted_dma_check_unmapped(dev);
}

struct device *root_device_register(const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	hosted_device_init(dev, name, HOSTED_DMA_DIRECT);
	return dev;
}

void root_device_unregister(struct device *dev)
{
	hosted_device_release(dev);
	kfree(dev);
}

/* ---- registers: an address stands for them, behind which there is no memory
 */

static LIST_HEAD(all_registers);

void hosted_registers_add(struct hosted_registers *registers)
{
	list_add_tail(&registers->node, &all_registers);
}

void hosted_registers_remove(struct hosted_registers *registers)
{
	list_del(&registers->node);
}

static struct hosted_registers *find_registers(unsigned long addr)
{
	struct hosted_registers *registers;

	list_for_each_entry(registers, &all_registers, node)
		if (addr - registers->start < registers->size)
			return registers;
	return NULL;
}

static void unmap_registers(void *data)
{
	struct hosted_registers *registers = data;

	registers->mapped_by = NULL;
}

void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *resource)
{
	struct hosted_registers *registers = find_registers(resource->start);
	int error;

	if (!registers)
		return ERR_PTR(-EINVAL);
	if (registers->mapped_by)
		return ERR_PTR(-EBUSY);
	registers->mapped_by = dev;
	error = devm_add_action_or_reset(dev, unmap_registers, registers);
	return error ? ERR_PTR(error) : (void *)(unsigned long)resource->start;
}

/* In order with memory; one processor's accesses say nothing to another's. */
static struct hosted_registers *access(const volatile void *addr)
{
	struct hosted_registers *registers = find_registers((unsigned long)addr);

	if (!registers || !registers->mapped_by)
		hosted_fail("use after free", "access to registers at %p, which are not mapped",
			    addr);
	hosted_point(HOSTED_ATOMIC, registers, sizeof(*registers));
	return registers;
}

static u64 do_read(const volatile void *addr, unsigned int size)
{
	struct hosted_registers *registers = access(addr);
	unsigned int offset = (unsigned long)addr - registers->start;
	u64 value = registers->read(registers->model, offset, size);

	hosted_acquire(&registers->read);
	return value;
}

static void do_write(volatile void *addr, u64 value, unsigned int size)
{
	struct hosted_registers *registers = access(addr);
	unsigned int offset = (unsigned long)addr - registers->start;

	hosted_release(&registers->write);
	registers->write(registers->model, offset, value, size);
}

u32 readl(const volatile void __iomem *addr)
{
	return do_read(addr, sizeof(u32));
}

u64 readq(const volatile void __iomem *addr)
{
	return do_read(addr, sizeof(u64));
}

void writel(u32 value, volatile void __iomem *addr)
{
	do_write(addr, value, sizeof(value));
}

void writeq(u64 value, volatile void __iomem *addr)
{
	do_write(addr, value, sizeof(value));
}

/* ---- interrupts */

struct hosted_handler {
	struct list_head node;
	unsigned int irq;
	irq_handler_t handler;
	void *data;
};

static LIST_HEAD(handlers);
static unsigned int running_interrupts;

/* Whoever removes a handler waits until no interrupt runs, so the list stays as
 * it is. */
static void run_handlers(void *data)
{
	unsigned int irq = (unsigned long)data;
	struct hosted_handler *handler;

	running_interrupts++;
	hosted_acquire(&handlers);
	hosted_atomic_begin(true);
	list_for_each_entry(handler, &handlers, node)
		if (handler->irq == irq)
			handler->handler(irq, handler->data);
	hosted_atomic_end(true);
	hosted_release(&running_interrupts);
	running_interrupts--;
	hosted_wake_waiters(&running_interrupts);
}

void hosted_interrupt(unsigned int irq)
{
	hosted_kthread("interrupt", run_handlers, (void *)(unsigned long)irq);
}

void synchronize_irq(unsigned int irq)
{
	might_sleep();
	hosted_point(HOSTED_LOCK, &running_interrupts, sizeof(running_interrupts));
	while (running_interrupts)
		hosted_wait_on(&running_interrupts, "interrupt");
	hosted_acquire(&running_interrupts);
}

static void free_irq(void *data)
{
	struct hosted_handler *handler = data;

	synchronize_irq(handler->irq);
	list_del(&handler->node);
	kfree(handler);
}

int devm_request_irq(struct device *dev, unsigned int irq, irq_handler_t function,
		     unsigned long flags, const char *name, void *data)
{
	struct hosted_handler *handler = kzalloc(sizeof(*handler), GFP_KERNEL);

	if (!handler)
		return -ENOMEM;
	handler->irq = irq;
	handler->handler = function;
	handler->data = data;
	list_add_tail(&handler->node, &handlers);
	hosted_release(&handlers);
	return devm_add_action_or_reset(dev, free_irq, handler);
}

/* ---- the bus */

static LIST_HEAD(devices);
static LIST_HEAD(drivers);
static DEFINE_MUTEX(bus_mutex);

static const struct pci_device_id *match(const struct pci_driver *driver,
					 const struct pci_dev *pdev)
{
	const struct pci_device_id *id;

	for (id = driver->id_table; id->vendor; id++)
		if (id->vendor == pdev->vendor && id->device == pdev->device)
			return id;
	return NULL;
}

static void try_bind(struct pci_driver *driver, struct pci_dev *pdev)
{
	const struct pci_device_id *id = match(driver, pdev);

	if (pdev->driver || !id)
		return;
	pdev->driver = driver;
	if (driver->probe(pdev, id)) {
		pdev->driver = NULL;
		hosted_device_release(&pdev->dev);
	}
}

static void unbind(struct pci_dev *pdev)
{
	if (!pdev->driver)
		return;
	pdev->driver->remove(pdev);
	pdev->driver = NULL;
	hosted_device_release(&pdev->dev);
}

int pci_register_driver(struct pci_driver *driver)
{
	struct pci_dev *pdev;

	driver->private = kzalloc(sizeof(*driver), GFP_KERNEL);
	if (!driver->private)
		return -ENOMEM;
	mutex_lock(&bus_mutex);
	list_add_tail(&driver->node, &drivers);
	list_for_each_entry(pdev, &devices, node)
		try_bind(driver, pdev);
	mutex_unlock(&bus_mutex);
	return 0;
}

void pci_unregister_driver(struct pci_driver *driver)
{
	struct pci_dev *pdev;

	mutex_lock(&bus_mutex);
	list_for_each_entry(pdev, &devices, node)
		if (pdev->driver == driver)
			unbind(pdev);
	list_del(&driver->node);
	mutex_unlock(&bus_mutex);
	kfree(driver->private);
}

void hosted_pci_add(struct pci_dev *pdev)
{
	struct pci_driver *driver;

	mutex_lock(&bus_mutex);
	pdev->refs = 1;
	list_add_tail(&pdev->node, &devices);
	list_for_each_entry(driver, &drivers, node)
		try_bind(driver, pdev);
	mutex_unlock(&bus_mutex);
}

void hosted_pci_unbind(struct pci_dev *pdev)
{
	mutex_lock(&bus_mutex);
	unbind(pdev);
	mutex_unlock(&bus_mutex);
}

void hosted_pci_remove(struct pci_dev *pdev)
{
	mutex_lock(&bus_mutex);
	unbind(pdev);
	list_del(&pdev->node);
	mutex_unlock(&bus_mutex);
}

struct pci_dev *pci_dev_get(struct pci_dev *pdev)
{
	pdev->refs++;
	return pdev;
}

void pci_dev_put(struct pci_dev *pdev)
{
	if (!pdev->refs)
		hosted_fail("refcount", "pci_dev_put(%s) once too often", pdev->dev.name);
	pdev->refs--;
}

/* The command register: its accesses are ordered among each other. */
static void command_change(struct pci_dev *pdev, u16 clear, u16 set)
{
	hosted_point(HOSTED_ATOMIC, &pdev->command, sizeof(pdev->command));
	hosted_acquire(&pdev->command);
	pdev->command = (pdev->command & ~clear) | set;
	hosted_release(&pdev->command);
}

static void disable_device(void *data)
{
	command_change(data, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

int pcim_enable_device(struct pci_dev *pdev)
{
	int error = devm_add_action(&pdev->dev, disable_device, pdev);

	if (!error)
		command_change(pdev, 0, PCI_COMMAND_MEMORY);
	return error;
}

void pci_set_master(struct pci_dev *pdev)
{
	command_change(pdev, 0, PCI_COMMAND_MASTER);
}

void pci_clear_master(struct pci_dev *pdev)
{
	command_change(pdev, PCI_COMMAND_MASTER, 0);
}

/* The answer comes behind what the device has begun to read or write before. */
int pci_read_config_word(struct pci_dev *pdev, int where, u16 *value)
{
	WARN(where != PCI_COMMAND, "only the command register can be read, not %#x", where);
	command_change(pdev, 0, 0);
	while (pdev->at_memory)
		hosted_wait_on(&pdev->command, "access of a device");
	*value = pdev->command;
	return 0;
}

static void free_vectors(void *data)
{
	struct pci_dev *pdev = data;

	pdev->msi_enabled = 0;
}

int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int least, unsigned int most,
			  unsigned int flags)
{
	int error;

	if (least > 1 || !(flags & PCI_IRQ_MSI))
		return -ENOSPC;
	error = devm_add_action(&pdev->dev, free_vectors, pdev);
	if (error)
		return error;
	pdev->msi_enabled = 1;
	return 1;
}

int pci_irq_vector(struct pci_dev *pdev, unsigned int nr)
{
	return nr ? -EINVAL : (int)pdev->irq;
}
