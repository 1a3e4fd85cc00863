# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests of the lint: a copy of the tree in which faults are planted.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# shellcheck disable=SC2154 # tap.sh sets it
tree=$scratch/tree
mkdir "$tree"
git ls-files -co --exclude-standard | while read -r f; do
	[[ ! -f $f ]] || printf '%s\0' "$f"
done | xargs -0 cp -P --parents -t "$tree"
git init -q "$tree"

# passes STAGE: the copy as it is has nothing to find.
passes() {
	check "$1: clean tree" "$tree/sdk/tools/lint" "$1"
}

# finds STAGE TEXT FILE WHAT: with stdin in FILE of the copy, STAGE fails and says TEXT. FILE is as
# before afterwards.
finds() {
	local file=$tree/$3 saved=$scratch/saved
	rm -f "$saved"
	[[ ! -e $file ]] || cp -p "$file" "$saved"
	mkdir -p "$(dirname "$file")"
	cat >"$file"
	check "$1: $4" says "$2" "$tree/sdk/tools/lint" "$1"
	if [[ -e $saved ]]; then mv "$saved" "$file"; else rm "$file"; fi
}
