#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What sdk/tools/deps does to a machine: nothing if all is there, the two apt-get commands if it may,
# the line to type if it may not. dpkg-query, sudo and apt-get are played by scripts.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

mkdir -p "$scratch/bin" "$scratch/sdk/tools" "$scratch/tests/vm"
cp sdk/tools/{deps,packages} "$scratch/sdk/tools/"
cp tests/vm/{kernel,kernels.tsv} "$scratch/tests/vm/"
chmod -R a+rX "$scratch"
chmod 777 "$scratch"

# plays NAME: a script of that name does what stdin says.
plays() {
	{
		echo '#!/bin/bash'
		cat
	} >"$scratch/bin/$1"
	chmod 755 "$scratch/bin/$1"
}

# deps ARGUMENT...: as an ordinary user, even if we are root.
deps() {
	local as=()
	((EUID != 0)) || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	(cd "$scratch" && PATH=$scratch/bin:$PATH "${as[@]}" sdk/tools/deps "$@")
}

silent() {
	[[ -z $(deps vm 2>&1) ]] && ! test -e "$scratch/apt.log"
}

installs() {
	deps vm && diff "$scratch/apt.log" - <<-END
		-qq update
		-qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 install cpio gdb kmod
	END
}

# The stock answer, less what the test takes away.
everything() {
	awk -F '\t' '!/^#/ { print $2, "installed" }' sdk/tools/packages
}

plays apt-get <<<"echo \"\$*\" >>$scratch/apt.log"

everything >"$scratch/installed"
plays dpkg-query <<<"cat $scratch/installed"
plays sudo <<<'exit 1'
check "nothing is done if nothing is missing" silent

everything | grep -vE '^(gdb|kmod|cpio) ' >"$scratch/installed"
echo 'kmod not-installed' >>"$scratch/installed"
check "without rights it prints the line" \
	says "sudo apt-get install --no-install-recommends cpio gdb kmod" deps vm
check "and does nothing" test ! -e "$scratch/apt.log"

# shellcheck disable=SC2016 # for the script, not for here
plays sudo <<<'[[ $1 == -n ]] && shift && exec "$@"'
check "with rights it updates and installs" installs

plays apt-get <<<'exit 100'
check "a failure of apt-get is one" says "" deps vm

check "--missing only lists" diff <(deps --missing vm) <(printf '%s\n' cpio gdb kmod)
finish
