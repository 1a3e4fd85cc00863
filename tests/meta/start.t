#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the manual's first page do what it says, and those of the page of bug classes.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/lint-tree.sh"

# section NAME: the commands of one part of the page.
section() {
	sed -n "/^# \[$1\]$/,/^# \[$1\]$/p" "$top/docs/start.sh" | grep .
}

# start NAME...: these parts, one after the other, in one shell as the reader has it.
start() {
	local name script=
	for name in "$@"; do
		script+=$(section "$name")$'\n'
	done
	(cd "$tree" && bash -euc "$script")
}

explored() {
	local XMMU_DIR=$tree
	export XMMU_DIR
	(cd "$scratch/mydriver" && bash -euc "$(section "$1")")
}

lint_rules() {
	(cd "$tree" && sdk/lint/check --list)
}

lint_driver() {
	(cd "$tree" && sdk/lint/check ../mydriver)
}

check "a driver of one's own" start new
check "its races: none" explored explore
check "a rule of the lint is listed" grep -q '^mmput' <(lint_rules)
check "and the driver breaks none" lint_driver
check "a zap that leaves something is found" says 'discard: stale access' explored plant
finish
