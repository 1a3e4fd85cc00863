#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The verbs of the top Makefile write below build/ and nowhere else, and leave nothing to do.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

tree=$scratch/tree
mkdir "$tree"
git ls-files -co --exclude-standard | while read -r file; do
	[[ ! -f $file ]] || echo "$file"
done | xargs cp -P --parents -t "$tree"
cd "$tree"
git init -q
git add .
git -c user.name=test -c user.email=test@localhost commit -qm all

only_build() {
	diff <(git status --porcelain --ignored) <(echo '!! build/')
}

everything_built() {
	local folder name
	for folder in sample-drivers/*/Kbuild tests/vm/xmmu_test/Kbuild build/templates/minimal_a/Kbuild; do
		name=$(basename "${folder%/Kbuild}")
		ls "build/6.1/$1/$name/$name.ko" || return 1
	done
}

second_build() {
	make >"$scratch/log" && ! grep -E '^  [A-Z]+ ' "$scratch/log"
}

database() {
	make compile-commands && grep -F "\"file\": \"$tree/sdk/core/" build/compile_commands.json &&
		grep -F "\"file\": \"$tree/sample-drivers/skeleton/" build/compile_commands.json
}

check "make" make -j2
check "every driver is where it belongs" everything_built release
check "the second make has nothing to do" second_build
check "compile-commands" database
check "only build/ is new" only_build
check "clean" make clean
check "nothing is new" test -z "$(git status --porcelain --ignored)"
finish
