// SPDX-License-Identifier: GPL-2.0-only
/* Files are attached and closed while somebody looks at the list of mirrors. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 1);
}

static void open_another(void *unused)
{
	struct core_span span = { .addr = ADDR };
	struct file *other;

	enter();
	other = hosted_open("core", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!hosted_ioctl(other, CORE_ATTACH, &span));
	hosted_close(other);
}

static void look(void *unused)
{
	char text[1024] = {};

	explore_assert(hosted_debugfs_read("xmmu-core/mirrors", text, sizeof(text)) > 0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_list",
	.about = "attach and detach beside a reader of debugfs",
	.setup = setup,
	.threads = { { "open", open_another }, { "again", open_another }, { "look", look } },
	.check = core_stop,
	.keeps_memory = true,
};
