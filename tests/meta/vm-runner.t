#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The VM runner reports what goes wrong in a guest, and the guest going wrong, as failures.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

logs=build/logs/meta-vm
kernel=$(tests/vm/kernel --list | head -n 1)
rm -rf "$logs"
status=0
tests/vm/run --data tests/meta/vm --logs "$logs" --boot-seconds 15 test "$kernel" \
	>"$scratch/printed" 2>&1 || status=$?

# judged STATUS ID [REASON]: the table has exactly this line, once.
judged() {
	local line
	line=$(printf '%s\tvm.%s.%s\t%s' "$1" "$kernel" "$2" "${3:-}")
	[ "$(grep -cxF -- "$line" "$logs/results.tsv")" = 1 ] || {
		echo "no line, or several: $line"
		return 1
	}
}

prints() {
	grep -F -- "$1" "$scratch/printed" || {
		echo "not printed: $1"
		return 1
	}
}

# What the runner wrote, but for its last line, is a failed run.
end_marker() {
	local dir=$logs/vm.$kernel.plain
	sed '$d' "$dir/results.ktap" >"$scratch/cut"
	! build/host/ktap cut "$dir/job/plan" "$scratch/table" <"$scratch/cut" &&
		grep -xF $'not ok\tcut.end\tthe run has no end marker' "$scratch/table"
}

check exit_status [ "$status" = 1 ]
check pass judged ok plain.good.fine
check module_missing judged 'not ok' plain.load.no_such_module.load
check failing_test judged 'not ok' plain.failing.broken
check test_beside_failing_one judged ok plain.failing.fine
check missing_result judged 'not ok' plain.fewer '1 results for 2 planned tests'
check no_tap judged 'not ok' plain.silent 'printed no TAP plan'
check exit_without_failure judged 'not ok' plain.exits 'exit status 3'
check killed judged 'not ok' plain.killed 'killed by signal 11'
check time_limit judged 'not ok' plain.slow 'time limit of 2 s; 0 results for 1 planned tests'
check plan_at_the_end judged ok plain.late_plan.fine
check plan_at_the_end_is_no_failure [ "$(grep -c 'plain.late_plan' "$logs/results.tsv")" = 2 ]
check two_groups judged ok plain.groups.second
check too_few_in_a_group judged 'not ok' plain.groups '1 results for 2 planned tests'
check empty_plan judged 'not ok' plain.empty 'an empty plan without a reason'
check whole_program_skipped judged skip plain.absent 'no device at all'
check background_child judged ok plain.leaves.fine
check kernel_message judged 'not ok' plain.warns 'kernel messages'
check kernel_message_shown prints 'kernel: WARNING: planted by warns'
check expected_message judged ok plain.planted.fine
check expected_message_is_no_failure [ "$(grep -c 'plain.planted' "$logs/results.tsv")" = 2 ]
check race judged 'not ok' plain.race 'kernel messages'
check race_shown prints 'kernel: BUG: KCSAN: data-race in planted'
check race_of_the_kernel [ "$(grep -c 'plain.race_of_kernel' "$logs/results.tsv")" = 2 ]
check race_in_an_interrupt [ "$(grep -c 'plain.race_in_interrupt' "$logs/results.tsv")" = 2 ]
check expected_message_missing judged 'not ok' plain.unplanted \
	"no kernel message like '^WARNING: never'"
check expected_message_of_skipped [ "$(grep -c 'plain.absent' "$logs/results.tsv")" = 2 ]
check skip judged skip plain.skips.one 'no such device'
check skip_without_reason judged 'not ok' plain.skips.two 'skipped without a reason'
check run_goes_on judged ok plain.last.fine
check last_suite [ "$(sed -n '/^time.*plain.unload/,/^time/p' "$logs/results.tsv" | grep -c '^ok.*end')" = 1 ]
check before_hang judged ok hang.before.fine
check hang judged 'not ok' hang.stops 'the run ended while it ran'
check hang_last_line prints 'about to stop'
check after_hang judged 'not ok' hang.after 'did not run'
check panic judged 'not ok' panic.crashes 'the run ended while it ran'
check panic_console prints 'Kernel panic - not syncing'
check after_panic judged 'not ok' panic.after 'did not run'
check mute judged 'not ok' mute.unheard 'did not run'
check logs_named prints "logs: $logs/vm.$kernel.plain"
check end_marker end_marker

# A slip in a suite is an error, not a suite that never runs.
mkdir -p "$scratch/data/suites" "$scratch/data/bin"
cp tests/meta/vm/rows.tsv "$scratch/data/"
printf 'row plan\n' >"$scratch/data/suites/slip"
check unknown_row says "slip:1: no row 'plan' in rows.tsv" \
	tests/vm/run --data "$scratch/data" --logs "$scratch/logs" test "$kernel"
printf 'row plain\ntets 5 say\n' >"$scratch/data/suites/slip"
check unknown_word says "slip:2: unknown word 'tets'" \
	tests/vm/run --data "$scratch/data" --logs "$scratch/logs" test "$kernel"
printf 'row plain last\n' | tee "$scratch/data/suites/slip" >"$scratch/data/suites/slip2"
check two_last_suites says 'slip2:1: a second suite that is last, beside' \
	tests/vm/run --data "$scratch/data" --logs "$scratch/logs" test "$kernel"

# The demo's exit status is that of the run; one that never started is a failure.
check exit_status_of_command [ "$(tests/vm/run --logs "$logs" --drivers '' run "$kernel" \
	'echo hello; exit 7' 2>/dev/null || echo "status $?")" = $'hello\nstatus 7' ]
check kernel_message_of_command [ "$(tests/vm/run --logs "$logs" --drivers '' run "$kernel" \
	'echo "BUG: planted" >/dev/kmsg' 2>/dev/null || echo "status $?")" = $'kernel: BUG: planted\nstatus 1' ]
check drivers_missing says "insmod: can't insert" \
	tests/vm/run --logs "$logs" --drivers no_such_driver run "$kernel" true
finish
