#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The scenarios find each bug that tests/explore/planted plants, and would not say so of a patch that
# plants none.
set -euo pipefail
. "$(dirname "$0")/tap.sh"

# patch_of FILE OLD NEW: for the first line that is OLD.
patch_of() {
	sed "0,/^$2\$/s//$3/" "$1" >"$scratch/new"
	echo 'Class: none'
	diff -U1 --label "a/$1" --label "b/$1" "$1" "$scratch/new" || true
}

patch_of sample-drivers/skeleton/main.c '}' '};' >"$scratch/harmless.patch"
sed '/^-}/s/}/{/' "$scratch/harmless.patch" >"$scratch/strange.patch"
sed '/^+}/s/;/(/' "$scratch/harmless.patch" >"$scratch/broken.patch"
sed '/^Class/d' "$scratch/harmless.patch" >"$scratch/nameless.patch"

check "the planted bugs are found" make planted
check "no bug is found where none is" says "harmless is not found" \
	tests/explore/plant "$scratch/harmless.patch" --steps 1
check "a patch that does not apply is named" says "strange.patch does not apply any more" \
	tests/explore/plant "$scratch/strange.patch"
check "a patch that does not compile is named" says "broken.patch does not build" \
	tests/explore/plant "$scratch/broken.patch"
check "a patch without a class is named" says "nameless.patch has no line 'Class: '" \
	tests/explore/plant "$scratch/nameless.patch"
finish
