/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: parameters of modules. */
#ifndef HOSTED_LINUX_MODULEPARAM_H
#define HOSTED_LINUX_MODULEPARAM_H

#include <linux/kernel.h>

struct kernel_param;
struct module;

struct kernel_param_ops {
	int (*set)(const char *value, const struct kernel_param *param);
	int (*get)(char *buffer, const struct kernel_param *param);
};

struct kernel_param {
	const char *name;
	struct module *mod;
	const struct kernel_param_ops *ops;
	void *arg;
};

extern const struct kernel_param_ops param_ops_uint;
extern const struct kernel_param_ops param_ops_bool;
extern const struct kernel_param_ops param_ops_charp;

extern struct module __this_module;

/* The pointers to them lie in a section of their own, where the loader finds them. */
#define module_param_cb(_name, _ops, _arg, mode)                                        \
	static const struct kernel_param __param_##_name = {                            \
		.name = #_name,                                                         \
		.mod = &__this_module,                                                  \
		.ops = (_ops),                                                          \
		.arg = (_arg),                                                          \
	};                                                                              \
	static const struct kernel_param *const __param_entry_##_name __used __section( \
		"hosted_params") = &__param_##_name
#define module_param_named(name, variable, type, mode) \
	module_param_cb(name, &param_ops_##type, &(variable), mode)
/* Not through the macro above: bool would be expanded. */
#define module_param(name, type, mode) module_param_cb(name, &param_ops_##type, &(name), mode)

#endif
