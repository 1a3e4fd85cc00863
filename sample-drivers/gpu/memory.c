// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a device, to which the memory of programs can move.
 *
 * It is private: no processor reaches it, and what one of them touches moves back. Where the kernel
 * does not have that, a device has memory if there is RAM that the kernel was told to leave alone
 * (memmap= on its command line). Such memory is coherent: processors reach it as the device does.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "gpu.h"

static unsigned int memory = 8;
module_param(memory, uint, 0444);
MODULE_PARM_DESC(memory, "MiB of memory of each device, a multiple of 2; 0: none");

static unsigned int reserved;
module_param(reserved, uint, 0444);
MODULE_PARM_DESC(reserved,
		 "MiB at which RAM begins that the kernel was told to leave alone, for the "
		 "memory of devices, one after the other; 0: there is none");

static unsigned int private;
module_param(private, uint, 0444);
MODULE_PARM_DESC(private, "How many devices have none of the reserved RAM");

bool gpu_memory_is_coherent(unsigned int number)
{
	return memory && reserved && number >= private;
}

static phys_addr_t gpu_memory_at(unsigned int number)
{
	if (!gpu_memory_is_coherent(number))
		return 0;
	return (phys_addr_t)SZ_1M * (reserved + (number - private) * memory);
}

/* Its words are for the processor what they are for the device, once the driver has them mapped. */
static void *gpu_memory_of(struct xmmu_devmem *mem, u64 offset)
{
	return softdev_memory(container_of(mem, struct gpu_device, memory)->dev) + offset;
}

static int gpu_copy_to_device(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copies,
			      unsigned int count)
{
	for (; count; count--, copies++) {
		void *to = gpu_memory_of(mem, copies->offset);

		if (copies->page)
			memcpy_from_page(to, copies->page, 0, PAGE_SIZE);
		else
			memset(to, 0, PAGE_SIZE);
	}
	return 0;
}

static int gpu_copy_to_ram(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copies,
			   unsigned int count)
{
	for (; count; count--, copies++)
		memcpy_to_page(copies->page, 0, gpu_memory_of(mem, copies->offset), PAGE_SIZE);
	return 0;
}

static const struct xmmu_devmem_ops gpu_memory_ops = {
	.copy_to_device = gpu_copy_to_device,
	.copy_to_ram = gpu_copy_to_ram,
};

static enum xmmu_devmem_type gpu_memory_type(unsigned int number)
{
	return gpu_memory_is_coherent(number) ? XMMU_DEVMEM_COHERENT : XMMU_DEVMEM_PRIVATE;
}

void gpu_memory_params(unsigned int number, struct softdev_params *params)
{
	if (!xmmu_devmem_supported(gpu_memory_type(number)))
		return;
	params->memory = (size_t)memory * SZ_1M;
	params->memory_at = gpu_memory_at(number);
}

int gpu_memory_add(struct gpu_device *gpu, unsigned int number)
{
	const struct xmmu_devmem_config config = {
		.ops = &gpu_memory_ops,
		.type = gpu_memory_type(number),
		.size = (u64)memory * SZ_1M,
		.phys = gpu_memory_at(number),
		.owner = gpu,
	};
	int ret;

	if (!memory || !xmmu_devmem_supported(config.type))
		return 0;
	ret = xmmu_devmem_init(&gpu->memory, &config);
	gpu->has_memory = !ret;
	if (ret)
		pr_err("%s: memory=%u reserved=%u private=%u is no memory for it (%d)\n", gpu->name,
		       memory, reserved, private, ret);
	return ret;
}

void gpu_memory_remove(struct gpu_device *gpu)
{
	xmmu_devmem_destroy(&gpu->memory);
}

u64 gpu_memory_entry(const struct page *page)
{
	return SOFTDEV_DEVMEM | xmmu_devmem_offset(xmmu_devmem_of(page), page);
}

int gpu_memory_to_device(struct gpu_space *space, unsigned long start, unsigned long end,
			 unsigned long *moved)
{
	*moved = 0;
	if (!space->gpu->has_memory)
		return -EOPNOTSUPP;
	return xmmu_devmem_to_device(&space->gpu->memory, &space->mirror, start, end, moved);
}

int gpu_memory_to_ram(struct gpu_space *space, unsigned long start, unsigned long end,
		      unsigned long *moved)
{
	*moved = 0;
	if (!space->gpu->has_memory)
		return 0;
	return xmmu_devmem_to_ram(&space->gpu->memory, &space->mirror, start, end, moved);
}

/* What stays there nevertheless is moved by the processor's touch, or when the device goes. */
void gpu_memory_leave(struct gpu_space *space)
{
	unsigned long moved;
	int ret = gpu_memory_to_ram(space, 0, ALIGN_DOWN(ULONG_MAX, PAGE_SIZE), &moved);

	if (ret && ret != -ESRCH)
		pr_debug("%s: memory of a closed file stays in the device (%d)\n", space->gpu->name,
			 ret);
}
