#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The explorer finds in each toy what its source says, with each strategy, and what it prints can be
# run again.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

toys=(tests/explore/toys/*.c)
toys=("${toys[@]##*/}")
toys=("${toys[@]%.c}")
programs=build/explore/toys

build() {
	make "${toys[@]/#/"$programs"/}"
}

# finds TOY STRATEGY: the oracle that the source names fails, or nothing does.
finds() {
	local toy=$1 strategy=$2 oracle output status=0
	oracle=$(sed -n 's/^ \* Finds: //p' "tests/explore/toys/$toy.c")
	output=$("$programs/$toy" --strategy "$strategy" --seconds 2 --schedules 20000) || status=$?
	echo "$output"
	if [ "$oracle" = nothing ]; then
		[ "$status" = 0 ]
	else
		[ "$status" = 1 ] && grep -q "^$toy: $oracle: " <<<"$output"
	fi
}

# What the failure of a toy says after "Again:".
again() {
	"$programs/$1" | sed -n 's/^Again: *//p'
}

fails_again() {
	local command
	command=$(again lost_update)
	says "lost_update: invariant: " eval "$command"
	eval "$command" >"$scratch/first" || true
	eval "$command" >"$scratch/second" || true
	diff "$scratch/first" "$scratch/second"
}

other_schedule_passes() {
	"$programs/lost_update" --seed '1.2>3' | grep 'the schedule passes'
}

# One column for each thread: the second thread's lines stand right of the first one's.
shows_columns() {
	local output
	output=$("$programs/lost_update") && return 1
	echo "$output"
	grep -qE '^1 first +\| 2 second' <<<"$output"
	grep -qE '^lost_update.c:[0-9]+ int seen = READ_ONCE\(counter\);$' <<<"$output"
	grep -qE '^ +\| lost_update.c:[0-9]+ int seen = READ_ONCE\(counter\);$' <<<"$output"
}

shows_notes() {
	says '  * rests' "$programs/helper"
}

# A schedule of chance is cut down to the one switch that the failure takes.
minimises() {
	local output
	output=$("$programs/$1" --strategy random) && return 1
	echo "$output"
	grep -qE 'fails; 1 of its [2-9] switches matter' <<<"$output"
}

debugs() {
	local command
	command=$(again lost_update)
	eval "gdb -batch -ex 'break add' -ex run -ex backtrace --args $command" </dev/null |
		grep -E '#0 +add \(arg='
}

# What is tried is the same on each machine, however fast it is.
repeats_itself() {
	local pass
	for pass in first second; do
		"$programs/double_checked_ok" --steps 1 | sed 's/, [^,]*orders.s,.* s//' >"$scratch/$pass"
	done
	cat "$scratch/first"
	grep -q '^random' "$scratch/first"
	diff "$scratch/first" "$scratch/second"
}

# A scenario as a test of the test runner: its failure is one.
becomes_test() {
	tests/explore/as-test "$programs/correct" | grep '^ok 1 '
	if tests/explore/as-test "$programs/lost_update" >"$scratch/failure"; then
		return 1
	fi
	grep '^not ok 1 ' "$scratch/failure"
}

explains() {
	"$1" --help | grep 'usage:'
}

check "the toys build" build
for toy in "${toys[@]}"; do
	for strategy in exhaustive unreduced random both; do
		check "$toy, $strategy" finds "$toy" "$strategy"
	done
done
check "a failure comes again, the same each time" fails_again
check "another schedule does not fail" other_schedule_passes
check "a failure is shown in columns" shows_columns
check "a failure is shown with notes" shows_notes
for toy in lost_update missed_wakeup leak; do
	check "the failure of $toy is minimised" minimises "$toy"
done
check "a debugger stops in a replay" debugs
check "two runs try the same" repeats_itself
check "a scenario becomes a test" becomes_test
check "a scenario explains itself" explains "$programs/correct"
check "an unknown strategy is named" says "--strategy best: give exhaustive" \
	"$programs/correct" --strategy best
check "a wrong number is named" says "--bound -1: not a number" "$programs/correct" --bound -1
check "a wrong schedule is named" says "--seed 1>2: no schedule" "$programs/correct" --seed '1>2'
check "an argument is named" says "argument extra" "$programs/correct" extra
finish
