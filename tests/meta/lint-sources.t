#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The stages of the lint that look at the text of the sources find what they are for, and nothing
# in the tree as it is.
set -euo pipefail
. "$(dirname "$0")/lint-tree.sh"

spdx='SPDX-License-Identifier: GPL-2.0-only'

passes text
finds text 'white space' sdk/tools/planted.mk 'white space at a line end' <<<"# $spdx   "
finds text 'no newline' sdk/tools/planted.mk 'no newline at the end' < <(printf '# %s' "$spdx")
finds text 'carriage return' sdk/tools/planted.mk 'carriage return' < <(printf '# %s\r\n' "$spdx")

passes spdx
finds spdx sdk/core/planted.c sdk/core/planted.c 'missing licence line' <<<'int x;'
finds spdx Linux-syscall-note include/uapi/xmmu/planted.h 'user header without syscall note' \
	<<<"/* $spdx */"

passes paths
finds paths planted.rst docs/planted.rst 'path of one machine' <<<"see /""root/notes"
finds paths planted.rst docs/planted.rst 'registry host' <<<"from deb"".debian.org"

passes version
for line in '#if LINUX_VERSION_CODE > 1' '# elif defined(HAVE_THIS)' \
	'#if XMMU_VERSION_AT_LEAST(0, 1, 0) && HAVE_THAT'; do
	finds version sdk/core/planted.c sdk/core/planted.c "$line" <<<"$line"
done
finds version tests/planted.c tests/planted.c 'kernel version outside sdk/compat' \
	<<<'int v = KERNEL_VERSION(6, 1, 0);'

passes format
finds format planted.c sdk/core/planted.c 'indented by spaces' <<<$'int f(void)\n{\n    return 1;\n}'

passes shellcheck
# shellcheck disable=SC2016 # the fault is the unquoted variable
finds shellcheck SC2086 sdk/tools/planted 'unquoted variable' <<<$'#!/bin/bash\nrm $1'

passes uapi
finds uapi planted.h include/uapi/xmmu/planted.h 'header that is not self-contained' \
	<<<'struct planted { __u64 x; };'
finds uapi planted.h include/uapi/xmmu/planted.h 'header that is not C++' \
	<<<$'static inline int *planted(void *class)\n{\n\treturn class;\n}'

finish
