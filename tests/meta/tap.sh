# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests of our own tools, which source it: TAP on stdout, and a scratch folder.

top=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
cd "$top" || exit
unset MAKEFLAGS MAKELEVEL MFLAGS KERNEL KDIR V T XMMU_DEBUG XMMU_DIR
# Not below build/: some tests run as a user who may not enter the folders above.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/xmmu-meta.XXXXXX")
trap 'chmod -R u+w "$scratch" && rm -rf "$scratch"' EXIT

count=0
bad=0

# check NAME COMMAND...: one test; what the command prints is shown if it fails.
check() {
	local name=$1 output
	shift
	count=$((count + 1))
	if output=$("$@" 2>&1 </dev/null); then
		echo "ok $count - $name"
	else
		bad=$((bad + 1))
		echo "not ok $count - $name"
		echo "# ${output//$'\n'/$'\n# '}"
	fi
}

# says TEXT COMMAND...: the command fails, and TEXT is in what it prints.
says() {
	local text=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "succeeded, should have failed: $*"
		return 1
	fi
	grep -qF -- "$text" <<<"$output" || {
		echo "should have said: $text"
		echo "$output"
		return 1
	}
}

finish() {
	echo "1..$count"
	exit $((bad != 0))
}
