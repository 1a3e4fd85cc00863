#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The stages of the lint that compile against a kernel find what they are for. They are run on a
# driver made for this, on the default kernel; `make lint` runs them on all of both.
set -euo pipefail
. "$(dirname "$0")/lint-tree.sh"

kernel=$(tests/vm/kernel --list | head -n 1)
LINT_KDIRS=$(sdk/tools/headers "$kernel")
export LINT_KDIRS

driver=sample-drivers/planted
rm -rf "$tree"/{sample-drivers,templates,tests}
mkdir -p "$tree/$driver"
cat >"$tree/$driver/Kbuild" <<'END'
XMMU_DRIVER := planted
obj-m := planted.o
planted-y := main.o
include $(XMMU_DIR)/sdk/packaging/xmmu.mk
END
echo 'include ../../sdk/packaging/xmmu.mk' >"$tree/$driver/Makefile"

# source_with CODE: a driver that is right but for CODE.
source_with() {
	printf '#include <linux/module.h>\n#include <linux/uaccess.h>\n%s\n' "$1"
	printf 'MODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("Planted");\n'
}

source_with '' >"$tree/$driver/main.c"
passes kbuild
finds kbuild 'noderef' $driver/main.c 'sparse: user pointer read directly' < <(source_with \
	'int planted(int __user *p); int planted(int __user *p) { return *p; }')
finds kbuild 'no previous prototype' $driver/main.c 'W=1: function without prototype' \
	< <(source_with 'int planted(void) { return 1; }')
finds kbuild 'sdk/core/planted.c' sdk/core/planted.c 'W=1: warning in the SDK itself' \
	<<<'int xmmu_planted(void) { return 1; }'
finds kbuild 'planted_missing' $driver/main.c 'function that no module exports' \
	< <(source_with 'void planted_missing(void);
static int __init start(void) { planted_missing(); return 0; }
module_init(start);')

passes headers
finds headers 'planted.h' include/xmmu/planted.h 'header that lacks an include' \
	<<<'struct planted { struct list_head list; };'

finish
