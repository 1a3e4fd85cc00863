#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# .ci/run stops at the first stage that fails, and ends with the sum of the tests. make is played by
# a script.
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

# run STATUS STAGE...: .ci/run ends like this after these stages.
run() {
	local expected=$1 status=0
	shift
	.ci/run >"$scratch/out" 2>&1 </dev/null || status=$?
	cat "$scratch/out"
	((status == expected)) && [[ $(tail -n 1 "$scratch/out") == '3 passed, 0 failed, 1 skipped' ]] &&
		diff <(printf '%s\n' "$@") <(sed -nE 's/^== make ([a-z]+: [a-z]+) after [0-9]+ s$/\1/p' "$scratch/out")
}

summary='echo 3 passed, 0 failed, 1 skipped'

plays <<<"[[ \$1 != test ]] || $summary"
check "both stages" run 0 'test: passed' 'lint: passed'
plays <<<"[[ \$1 != test ]] || $summary; [[ \$1 != test ]]"
check "tests fail" run 1 'test: failed'
plays <<<"[[ \$1 != test ]] || $summary; [[ \$1 != lint ]]"
check "lint fails" run 1 'test: passed' 'lint: failed'
finish
