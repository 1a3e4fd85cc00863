#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Drivers build from folders that nobody may write to, for two kernels at once.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

kdir_61=$(sdk/tools/headers 6.1)
kdir_612=$(sdk/tools/headers 6.12)

# What git knows or would take, as a tree of its own.
tree=$scratch/tree
mkdir "$tree"
git ls-files -co --exclude-standard | while read -r file; do
	[[ ! -f $file ]] || echo "$file"
done | xargs cp -P --parents -t "$tree"

# Without write permission; root gives up the right to ignore that.
read_only() {
	chmod -R a-w "$tree"
	local as=()
	((EUID != 0)) || as=(setpriv --inh-caps=-dac_override --bounding-set=-dac_override)
	! "${as[@]}" touch "$tree/new" 2>/dev/null || return 1
	"${as[@]}" make -j2 -C "$scratch" -f - <<-END
		all: skeleton.6.1 skeleton.6.12 edu.6.1 edu.6.12
		%.6.1: ; +make -C $tree/sample-drivers/\$* KDIR=$kdir_61 O=$scratch/out/\$@
		%.6.12: ; +make -C $tree/sample-drivers/\$* KDIR=$kdir_612 O=$scratch/out/\$@
	END
}

# built FOLDER DRIVER KERNEL-RELEASE: a module for that kernel, with an event system of its own.
built() {
	modinfo -F vermagic "$1/$2.ko" | grep "^$3 " && grep -q "${2}_xmmu" "$1/$2.ko"
}

# In the folder of the driver, with no variable but KDIR.
own_folder() {
	make -C "$tree/sample-drivers/skeleton" KDIR="$kdir_61" &&
		test -e "$tree/sample-drivers/skeleton/build/skeleton.ko" &&
		make -C "$tree/sample-drivers/skeleton" clean
}

check "two drivers for two kernels at once, SDK read-only" read_only
for kdir in "$kdir_61" "$kdir_612"; do
	release=${kdir##*linux-headers-}
	version=$(cut -d. -f1,2 <<<"$release")
	for driver in skeleton edu; do
		check "$driver for $version" built "$scratch/out/$driver.$version" "$driver" "$release"
	done
done
chmod -R u+w "$tree"
check "a driver builds in its own folder" own_folder
finish
