#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make help` and the Makefiles agree about the verbs, and the tools explain themselves.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

listed() {
	make help | sed -nE '/^Verbs:/,/^Variables:/s/^  ([a-z-]+) .*/\1/p' | sort
}

# What make knows as verbs, without those that only serve others.
known() {
	make -npq help 2>/dev/null | sed -n 's/^\.PHONY://p' | tr ' ' '\n' | sort -u |
		grep -vE '^$|[/%]|^(deps|lint)-|^(vm-tools|guest-ready|programs|templates|[a-z]*-builds)$'
}

same_verbs() {
	diff <(listed) <(known)
}

# Those that the project promises.
promised() {
	comm -23 <(printf '%s\n' build run test test-all test-one kernel shell gdb docs lint format format-check \
		doctor clean distclean install uninstall compile-commands help | sort) <(listed) |
		grep . && return 1 || return 0
}

explains() {
	"$1" --help | grep 'usage:'
}

check "help lists the verbs of the Makefiles" same_verbs
check "help lists the verbs that are promised" promised
for tool in sdk/tools/{deps,headers,doctor,compile-commands,lint} tests/vm/{kernel,run,test} tests/explore/plant \
	sdk/hosted/coverage templates/new-driver; do
	check "$tool --help" explains "$tool"
done
check "an unknown kernel is named" says "no kernel '9.9'; known: 6.1" make KERNEL=9.9 build
check "a KDIR without a kernel is named" says "KDIR=/nowhere is not a prepared kernel" \
	make KDIR=/nowhere build
check "an empty KERNEL is refused" says "KERNEL= names no kernel; known: 6.1" make KERNEL= shell
check "a KDIR is not for guests" says "KDIR=/nowhere is only for building" make KDIR=/nowhere shell
check "a wrong XMMU_DEBUG is named" says "XMMU_DEBUG=yes" make XMMU_DEBUG=yes build
check "an XMMU_DIR without the SDK is named" says "no SDK in XMMU_DIR=/nowhere" \
	make -C templates/minimal XMMU_DIR=/nowhere
check "test-one wants a text" says "make test-one T=TEXT" make test-one T=
check "a text in no id is named" says "contains 'nosuch'" make test-one T=nosuch
check "an unknown job is named" says "no job 'bogus'" tests/vm/run bogus 6.1
check "an unknown row is named" says "no row 'nosuch'; known: default" \
	tests/vm/run --row nosuch shell 6.1
check "an unknown package group is named" says "no group 'nope'" sdk/tools/deps nope
finish
