#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sdk/tools/check-api finds each way in which a public symbol can be absent from the manual.
set -euo pipefail
. "$(dirname "$0")/lint-tree.sh"

planted=include/xmmu/planted.h

# header GROUP COMMENT DECLARATION: a header that is right but for what the arguments say.
header() {
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n'
	printf '/**\n * @file\n * @brief Planted.\n * @ingroup %s\n */\n' "$1"
	printf '/**\n * @addtogroup xmmu_version\n * @{\n */\n%s\n%s\n/** @} */\n' "$2" "$3"
}

passes api
finds api 'function xmmu_planted' $planted 'undocumented function' \
	< <(header xmmu_version '' 'int xmmu_planted(int x);')
finds api 'macro XMMU_PLANTED' $planted 'undocumented macro' \
	< <(header xmmu_version '' '#define XMMU_PLANTED 1')
finds api 'struct xmmu_planted' $planted 'undocumented structure' \
	< <(header xmmu_version '' 'struct xmmu_planted { int x; /**< @brief X. */ };')
finds api 'xmmu_planted' $planted 'undocumented member of a structure' \
	< <(header xmmu_version '/** @brief S. */' 'struct xmmu_planted { int x; };')
finds api 'enumerator XMMU_PLANTED' $planted 'undocumented enumerator' \
	< <(header xmmu_version '/** @brief E. */' 'enum xmmu_planted { XMMU_PLANTED };')
finds api '@ingroup xmmu_verison: no such group' $planted 'group with a typing error' \
	< <(header xmmu_verison '/** @brief F. */' 'int xmmu_planted(void);')
finds api 'on 0 pages' $planted 'group without a page' \
	< <(header xmmu_planted '' '/** @defgroup xmmu_planted Planted */')
finds api 'no @file' $planted 'header without @file' \
	< <(header xmmu_version '/** @brief F. */' 'int xmmu_planted(void);' | sed 2,6d)
finds api 'function xmmu_planted' $planted 'symbol in no group' \
	< <(header xmmu_version '/** @brief F. */' 'int xmmu_planted(void);' | sed 's/ @[{}]//')
finds api "no header defines group xmmu_planted" docs/api/planted.rst 'page of no group' \
	<<<'.. doxygengroup:: xmmu_planted'
finds api 'sdk/core/planted.c:1: Doxygen comment' sdk/core/planted.c 'Doxygen comment in a source' \
	<<<'/** @brief Not here. */'

finish
