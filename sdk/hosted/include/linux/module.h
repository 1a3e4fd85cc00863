/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: modules: linked into the program, and loaded when a scenario says so. */
#ifndef HOSTED_LINUX_MODULE_H
#define HOSTED_LINUX_MODULE_H

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

struct module {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
	bool live;
	int users; /* open files */
};

#define THIS_MODULE (&__this_module)

/* For the semicolon behind it. */
#define HOSTED_NOTHING _Static_assert(1, "")

#define module_init(function)                                                           \
	void cleanup_module(void);                                                      \
	struct module __this_module = {                                                 \
		.name = KBUILD_MODNAME,                                                 \
		.init = (function),                                                     \
		.exit = cleanup_module,                                                 \
	};                                                                              \
	static struct module *const __module_entry __used __section("hosted_modules") = \
		&__this_module
#define module_exit(function)     \
	void cleanup_module(void) \
	{                         \
		function();       \
	}                         \
	HOSTED_NOTHING

#define MODULE_LICENSE(text)             HOSTED_NOTHING
#define MODULE_DESCRIPTION(text)         HOSTED_NOTHING
#define MODULE_AUTHOR(text)              HOSTED_NOTHING
#define MODULE_VERSION(text)             HOSTED_NOTHING
#define MODULE_PARM_DESC(name, text)     HOSTED_NOTHING
#define MODULE_DEVICE_TABLE(type, table) HOSTED_NOTHING

#endif
