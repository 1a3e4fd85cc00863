#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# .ci/run stops when the tests fail, runs the other stages side by side, and ends with the sum of the
# tests. make is played by a script.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

mkdir "$scratch/bin"
export PATH=$scratch/bin:$PATH

# plays: make is what stdin says.
plays() {
	{
		echo '#!/bin/bash'
		cat
	} >"$scratch/bin/make"
	chmod +x "$scratch/bin/make"
}

# run STATUS SUM STAGE...: .ci/run ends like this after these stages.
run() {
	local expected=$1 sum=$2 status=0
	shift 2
	.ci/run >"$scratch/out" 2>&1 </dev/null || status=$?
	cat "$scratch/out"
	((status == expected)) && [[ $(tail -n 1 "$scratch/out") == "$sum" ]] &&
		diff <(printf '%s\n' "$@") <(sed -nE 's/^== ([a-z]+: [a-z]+) after [0-9]+ s$/\1/p' "$scratch/out")
}

summary='echo 3 passed, 0 failed, 1 skipped'

plays <<<"[[ \$1 == @(lint|coverage) ]] || $summary"
check "all stages" run 0 '6 passed, 0 failed, 2 skipped' 'test: passed' 'debug: passed' \
	'lint: passed' 'coverage: passed'
plays <<<"echo 2 passed, 1 failed, 0 skipped; false"
check "tests fail" run 1 '2 passed, 1 failed, 0 skipped' 'test: failed'
plays <<<"[[ \$1 == @(lint|coverage) ]] || $summary; [[ \$1 != lint ]]"
check "lint fails" run 1 '6 passed, 0 failed, 2 skipped' 'test: passed' 'debug: passed' 'lint: failed'
plays <<<"[[ \$1 == @(lint|coverage) ]] || $summary; [[ \$1 != coverage ]]"
check "too little is covered" run 1 '6 passed, 0 failed, 2 skipped' 'test: passed' 'debug: passed' \
	'lint: passed' 'coverage: failed'
plays <<<"[[ \$1 == @(lint|coverage) ]] || $summary; [[ \$1 != test-one ]]"
check "the debug kernel finds something" run 1 '6 passed, 0 failed, 2 skipped' 'test: passed' \
	'debug: failed' 'lint: passed' 'coverage: passed'
plays <<<false
check "nothing has run" run 1 '0 passed, 0 failed, 0 skipped' 'test: failed'
finish
