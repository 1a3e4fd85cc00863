# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests of the lint: a copy of the tree in which faults are planted, and TAP on stdout.
# A test sources it, calls the functions, and ends with `finish`.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
tree=build/meta/$(basename "$0" .t)
count=0
bad=0
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -co --exclude-standard | while read -r f; do
	[[ ! -f $f ]] || printf '%s\0' "$f"
done | xargs -0 cp -P --parents -t "$tree"
git init -q "$tree"

# report OK NAME: one line of TAP; what is left of the last lint run goes along with a failure.
report() {
	count=$((count + 1))
	if (($1)); then
		echo "ok $count - $2"
	else
		bad=$((bad + 1))
		echo "not ok $count - $2"
		sed 's/^/# /' "$tree/.git/lint.out"
	fi
}

# lint STAGE: runs it in the copy and returns its exit status.
lint() {
	env -u MAKEFLAGS -u MAKELEVEL "$tree/sdk/tools/lint" "$1" >"$tree/.git/lint.out" 2>&1 </dev/null
}

# passes STAGE: the copy as it is has nothing to find.
passes() {
	if lint "$1"; then report 1 "$1: clean tree"; else report 0 "$1: clean tree"; fi
}

# finds STAGE TEXT FILE WHAT: puts stdin into FILE of the copy, and expects that STAGE fails with TEXT
# in its output. FILE is as before afterwards.
finds() {
	local stage=$1 text=$2 file=$tree/$3 rc=0 ok=0 saved=$tree/.git/lint.saved
	rm -f "$saved"
	[[ ! -e $file ]] || cp -p "$file" "$saved"
	mkdir -p "$(dirname "$file")"
	cat >"$file"
	lint "$stage" || rc=$?
	if ((rc == 1)) && grep -qF -- "$text" "$tree/.git/lint.out"; then ok=1; fi
	report "$ok" "$stage: $4"
	if [[ -e $saved ]]; then mv "$saved" "$file"; else rm "$file"; fi
}

finish() {
	echo "1..$count"
	exit $((bad != 0))
}
