// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading of modules that are linked in, with their parameters. */
#include <linux/mm.h>
#include <linux/module.h>

#include "internal.h"

/* The linker knows where the sections begin and end, if any driver is linked in. */
extern struct module *const __start_hosted_modules[] __weak;
extern struct module *const __stop_hosted_modules[] __weak;
extern const struct kernel_param *const __start_hosted_params[] __weak;
extern const struct kernel_param *const __stop_hosted_params[] __weak;

static struct module *find_module(const char *name)
{
	struct module *const *module;

	for (module = __start_hosted_modules; module < __stop_hosted_modules; module++)
		if (!strcmp((*module)->name, name))
			return *module;
	module = __start_hosted_modules;
	hosted_fail("scenario", "no module %s is linked in: by the name of its folder it is %s",
		    name, module < __stop_hosted_modules ? (*module)->name : "none");
}

static const struct kernel_param *find_param(const struct module *module, const char *name,
					     size_t length)
{
	const struct kernel_param *const *param;

	for (param = __start_hosted_params; param < __stop_hosted_params; param++)
		if ((*param)->mod == module && !strncmp((*param)->name, name, length) &&
		    !(*param)->name[length])
			return *param;
	return NULL;
}

/* Values of charp parameters stay in memory that is the kernel's, not the module's. */
static int set_param(const struct module *module, const char *word, size_t length)
{
	const char *equals = strchr(word, '=');
	size_t name = equals ? (size_t)(equals - word) : length;
	const struct kernel_param *param;
	char *value;

	param = find_param(module, word, min(name, length));
	if (!param || name >= length)
		return -ENOENT;
	value = hosted_alloc(length - name);
	memcpy(value, equals + 1, length - name - 1);
	return param->ops->set(value, param);
}

static int set_params(const struct module *module, const char *text)
{
	const char *end;
	int error = 0;

	while (*text && !error) {
		end = strchr(text, ' ') ?: text + strlen(text);
		if (end != text)
			error = set_param(module, text, end - text);
		text = *end ? end + 1 : end;
	}
	return error;
}

int hosted_module_load(const char *name, const char *parameters)
{
	struct module *module = find_module(name);
	int error;

	if (module->live)
		return -EEXIST;
	error = set_params(module, parameters);
	if (error)
		return error;
	error = module->init();
	module->live = !error;
	return error;
}

int hosted_module_unload(const char *name)
{
	struct module *module = find_module(name);

	if (!module->live || module->users)
		return module->live ? -EBUSY : -ENOENT;
	module->live = false;
	module->exit();
	return 0;
}

/* ---- kinds of parameters */

static int parse_number(const char *text, unsigned long *value)
{
	if (!*text)
		return -EINVAL;
	for (*value = 0; *text >= '0' && *text <= '9'; text++)
		*value = *value * 10 + *text - '0';
	return *text ? -EINVAL : 0;
}

static int set_uint(const char *text, const struct kernel_param *param)
{
	unsigned long value;
	int error = parse_number(text, &value);

	if (!error && value > UINT_MAX)
		error = -ERANGE;
	if (!error)
		*(unsigned int *)param->arg = value;
	return error;
}

static int get_uint(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE, "%u\n", *(unsigned int *)param->arg);
}

static int set_bool(const char *text, const struct kernel_param *param)
{
	static const char *const words[] = { "0", "n", "N", "1", "y", "Y", NULL };
	int i = sysfs_match_string(words, text);

	if (i < 0)
		return i;
	*(bool *)param->arg = i >= 3;
	return 0;
}

static int get_bool(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE, "%c\n", *(bool *)param->arg ? 'Y' : 'N');
}

static int set_charp(const char *text, const struct kernel_param *param)
{
	*(const char **)param->arg = text;
	return 0;
}

static int get_charp(char *buffer, const struct kernel_param *param)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", *(const char **)param->arg);
}

const struct kernel_param_ops param_ops_uint = { .set = set_uint, .get = get_uint };
const struct kernel_param_ops param_ops_bool = { .set = set_bool, .get = get_bool };
const struct kernel_param_ops param_ops_charp = { .set = set_charp, .get = get_charp };
