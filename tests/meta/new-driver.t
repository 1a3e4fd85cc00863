#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# new-driver: which names it takes, what it makes, and that what it makes builds, is explored and linted
# with an SDK that is installed. tests/vm/suites/templates loads such drivers.
# shellcheck disable=SC2016,SC2317 # sed gets the dollars; check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

new=$top/templates/new-driver
kinds=(templates/*/Kbuild)
kinds=("${kinds[@]#templates/}")
kinds=("${kinds[@]%/Kbuild}")
kdir_61=$(sdk/tools/headers 6.1)
kdir_612=$(sdk/tools/headers 6.12)
mkdir "$scratch/out"

make_one() {
	"$new" "$1" --kind "$2" --out "$scratch/out/$1" "${@:3}"
}

# same KIND: cp and sed, as --help says, give what the generator gives.
same() {
	local name=same_$1
	make_one "$name" "$1" &&
		cp -r "templates/$1" "$scratch/by_hand" &&
		(cd "$scratch/by_hand" && grep -rl -i demo . |
			xargs sed -i "s/demo/$name/g; s/DEMO/${name^^}/g") &&
		diff -r "$scratch/by_hand" "$scratch/out/$name" &&
		rm -r "$scratch/by_hand"
}

no_token() {
	! grep -rni demo "$scratch/out/same_$1" && ! find "$scratch/out/same_$1" -iname '*demo*' | grep .
}

# Each place where hardware comes in is marked, and so is that nobody has signed it.
marked() {
	grep -n 'HARDWARE' "$scratch/out/same_$1"/*.c && grep -n 'Your Name' "$scratch/out/same_$1/main.c"
}

# refuses STATUS TEXT ARGUMENT...: with that status and text, and nothing is made.
refuses() {
	local status=0 output
	output=$("$new" "${@:3}" 2>&1 >/dev/null) || status=$?
	echo "$output"
	[[ $status == "$1" ]] && grep -qF -- "$2" <<<"$output" && [[ -z $(find . -newer "$scratch/mark") ]]
}

bad_name() {
	local name=$1 text=$2
	check "the name '$name' is refused" refuses 2 "$text" "$name" --kind minimal
}

next_commands() {
	make_one trio minimal | sed -n '/Next:/,$p' | grep -c '^    ' | grep -x 3
}

signed() {
	make_one sample minimal --author 'A & B / C <a@example.org>' &&
		grep -xF 'MODULE_AUTHOR("A & B / C <a@example.org>");' "$scratch/out/sample/main.c"
}

forced() {
	make_one sample minimal --force && grep -F 'Your Name' "$scratch/out/sample/main.c"
}

# What the author has put there stays.
forced_keeps() {
	touch "$scratch/out/sample/mine.c" && make_one sample minimal --force &&
		test -e "$scratch/out/sample/mine.c"
}

nothing_left() {
	! find "$scratch/out" -name '.new-driver*' | grep .
}

by_make() {
	make new NAME=by_make KIND=minimal OUT="$scratch/out/by_make" && test -e "$scratch/out/by_make/main.c"
}

# ---- what it makes, with an SDK that is installed and that nobody may write to

install_sdk() {
	make install DESTDIR="$scratch/dest" PREFIX=/usr && chmod -R a-w "$scratch/dest"
}

with_sdk() {
	make -C "$scratch/out/same_$1" XMMU_DIR="$scratch/dest/usr/share/xmmu" XMMU_WORK="$scratch/work" "${@:2}"
}

builds() {
	with_sdk "$1" KDIR="$kdir_61" O="$scratch/out/same_$1/build/6.1" &&
		modinfo -F description "$scratch/out/same_$1/build/6.1/same_$1.ko"
}

explored() {
	local out
	out=$(with_sdk "$1" explore EXPLORE='--seconds 2') || { echo "$out" && return 1; }
	grep -E '^search +[0-9]+ orders' <<<"$out"
}

linted() {
	with_sdk "$1" lint
}

# A call that goes past the SDK is found.
lint_finds() {
	sed -i '/^static int same_minimal_open/i static void wrong(struct mm_struct *mm) { mmput(mm); }' \
		"$scratch/out/same_minimal/main.c"
	says '[mmput]' with_sdk minimal lint
}

# clangd looks for it in build/.
for_clangd() {
	with_sdk "$1" compile-commands KDIR="$kdir_612" || return
	grep -F "\"file\": \"$scratch/out/same_$1/main.c\"" "$scratch/out/same_$1/build/compile_commands.json"
}

for kind in "${kinds[@]}"; do
	check "$kind: the same as cp and sed" same "$kind"
	check "$kind: no token is left" no_token "$kind"
	check "$kind: what is to be filled in is marked" marked "$kind"
	check "$kind: is listed with what it is for" grep -E "^$kind +[a-z]" <("$new" --list)
done
check "three commands come next" next_commands
check "a driver is signed" signed
check "--force replaces" forced
check "--force leaves other files alone" forced_keeps
check "make new" by_make
check "nothing is left in between" nothing_left

mkdir "$scratch/here"
cd "$scratch/here"
touch "$scratch/mark"
bad_name '' 'which name?'
for name in Mydrv 1drv my-drv 'my drv' ../mydrv _mydrv mÿdrv; do
	bad_name "$name" "the name '$name' is not possible: a to z"
done
bad_name m 'has 1 characters: take 2 to 30'
bad_name "$(printf 'm%.0s' {1..31})" 'has 31 characters: take 2 to 30'
bad_name my__drv 'no two _ in a row'
bad_name mydrv_ 'none at the end'
for name in int sizeof linux filp misc skeleton; do
	bad_name "$name" "it is a word of C, of the kernel or of the SDK"
done
bad_name xmmu_mine "names with xmmu are the SDK's"
bad_name demo "is the template's"
bad_name mirror 'uses it for something else'
check "an unknown kind is named" refuses 2 "no kind 'nosuch'; there are: " mydrv --kind nosuch
check "a kind is needed" refuses 2 "which kind? --kind " mydrv
check "an option without its value is named" refuses 2 "--out needs a value" mydrv --kind minimal --out
check "an unknown option is named" refuses 2 "unknown option --bogus" --bogus
check "two names are too many" refuses 2 "'one' or 'two'?" one two
check "a quoted author is refused" refuses 2 "no quotation mark" mydrv --kind minimal --author 'A "B" C'
check "a folder that exists is refused" refuses 1 "exists: choose another" mydrv --kind minimal \
	--out "$scratch/out/sample"
check "a folder that is a file is refused" refuses 1 "is no folder" mydrv --kind minimal --out "$scratch/mark"
check "a folder in none is refused" refuses 1 "no folder '$scratch/none'" mydrv --kind minimal \
	--out "$scratch/none/mydrv"
cd "$top"

check "the SDK is installed" install_sdk
for kind in "${kinds[@]}"; do
	check "$kind builds for 6.1" builds "$kind"
	check "$kind is explored" explored "$kind"
	check "$kind is linted" linted "$kind"
	check "$kind: builds for 6.12, and clangd knows its files" for_clangd "$kind"
done
check "lint finds a mistake" lint_finds
finish
