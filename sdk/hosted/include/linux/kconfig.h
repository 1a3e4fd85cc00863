/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: the configuration: this kernel checks all it can. */
#ifndef HOSTED_LINUX_KCONFIG_H
#define HOSTED_LINUX_KCONFIG_H

#define CONFIG_64BIT                1
#define CONFIG_MMU                  1
#define CONFIG_SMP                  1
#define CONFIG_HZ                   250
#define CONFIG_MMU_NOTIFIER         1
#define CONFIG_HMM_MIRROR           1
#define CONFIG_DEVICE_PRIVATE       1
#define CONFIG_TRANSPARENT_HUGEPAGE 1
#define CONFIG_PROVE_LOCKING        1
#define CONFIG_LOCKDEP              1
#define CONFIG_DEBUG_ATOMIC_SLEEP   1
#define CONFIG_KASAN                1
#define CONFIG_DEBUG_KMEMLEAK       1
#define CONFIG_DMA_API_DEBUG        1

/* 1 if the option is defined as 1: the second of the arguments that the placeholder pushes away. */
#define __HOSTED_PUSH_1                      0,
#define __hosted_second(ignored, value, ...) value
#define __hosted_defined3(push)              __hosted_second(push 1, 0)
#define __hosted_defined2(value)             __hosted_defined3(__HOSTED_PUSH_##value)
#define __hosted_defined(option)             __hosted_defined2(option)

#define IS_BUILTIN(option) __hosted_defined(option)
#define IS_ENABLED(option) __hosted_defined(option)

#endif
