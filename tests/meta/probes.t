#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The feature probes: their controls stop a build that cannot be believed, and kernels that cannot
# work are refused with a reason.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

kdir_61=$(sdk/tools/headers 6.1)
kdir_612=$(sdk/tools/headers 6.12)

# A driver that needs nothing of the SDK but its build.
driver=$scratch/driver
mkdir "$driver"
cat >"$driver/Kbuild" <<-END
	XMMU_DRIVER := probed
	obj-m := probed.o
	probed-y := main.o
	include $top/sdk/packaging/xmmu.mk
END
echo "include $top/sdk/packaging/xmmu.mk" >"$driver/Makefile"
cat >"$driver/main.c" <<-END
	#include <linux/module.h>
	#include <compat.h>
	MODULE_LICENSE("GPL");
	MODULE_DESCRIPTION(XMMU_FEATURES_TEXT);
END

build() {
	make -C "$driver" KDIR="$kdir_61" "$@"
}

# with_control NAME: a copy of the probes whose control NAME is replaced by stdin.
with_control() {
	rm -rf "$scratch/probes"
	cp -r sdk/compat/probes "$scratch/probes"
	cat >"$scratch/probes/$1.c"
}

stops() {
	says "control_$1 answered $2" build XMMU_PROBES="$scratch/probes" &&
		test -s "$driver/build/generated/probes/control_$1.log" &&
		! test -e "$driver/build/generated/xmmu/features.h"
}

# Every probe in the folder has an answer, the controls have none.
complete() {
	diff <(sed -n 's/^#define XMMU_HAS_\([A-Z0-9_]*\) [01]$/\L\1/p' \
		"$driver/build/generated/xmmu/features.h" | sort) \
		<(cd sdk/compat/probes && printf '%s\n' *.c | sed 's/\.c$//' | grep -v '^control_' | sort)
}

# A probe that nobody asks costs time in every build.
asked_for() {
	local probe
	for probe in $(cd sdk/compat/probes && printf '%s\n' *.c | sed 's/\.c$//' | grep -v '^control_'); do
		grep -q "\<XMMU_HAS_${probe^^}\>" sdk/compat/*.h || {
			echo "no code asks for XMMU_HAS_${probe^^}"
			return 1
		}
	done
}

probes_again() {
	build KDIR="$kdir_612" && grep -F "${kdir_612%-*}" "$driver/build/generated/probes/control_good.log"
}

nothing_again() {
	build KDIR="$kdir_612" >"$scratch/log" && ! grep -E '^  (CC|UPD|LD)' "$scratch/log"
}

# The header of a kernel with two passes (7.1), made from that of one without.
two_passes() {
	local header=linux/mmu_notifier.h
	mkdir -p "$scratch/overlay/linux"
	sed '/^struct mmu_interval_notifier_ops {/{
		i struct mmu_interval_notifier_finish {
		i struct llist_node link;
		i struct mmu_interval_notifier *notifier;
		i };
		a bool (*invalidate_start)(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range, unsigned long seq, struct mmu_interval_notifier_finish **finish);
		a void (*invalidate_finish)(struct mmu_interval_notifier_finish *finish);
		}
		/^#include <linux\/list.h>/a #include <linux/llist.h>' \
		"${kdir_612%-*}-common/include/$header" >"$scratch/overlay/$header"
	make -C templates/minimal XMMU_DIR="$top" O="$scratch/two" KDIR="$kdir_612" \
		NOSTDINC_FLAGS="-nostdinc -I$scratch/overlay" &&
		grep 'define XMMU_HAS_TWO_PASS 1' "$scratch/two/generated/xmmu/features.h"
}

echo 'int x = ;' | with_control control_good
check "a good probe that fails stops the build" stops good 0
echo 'int x;' | with_control control_bad
check "a bad probe that succeeds stops the build" stops bad 1
echo '/* Needs: mmput_async */' | with_control control_unexported
check "a symbol that is found by mistake stops the build" stops unexported 1

check "kernel too old" says "kernel $(basename "${kdir_61##*linux-headers-}") is outside the supported range" \
	build XMMU_KERNEL_MIN=6.2
check "kernel too new" says "is written for 5.10 to 6.0" build XMMU_KERNEL_MIN=5.10 XMMU_KERNEL_MAX=6.0
check "the refusal names the way around" says "make XMMU_ANY_KERNEL=1" build XMMU_KERNEL_MIN=6.2
for option in MMU_NOTIFIER HMM_MIRROR; do
	check "kernel without $option" says "is built without CONFIG_$option" build CONFIG_$option=
done
check "driver without a name" says "XMMU_DRIVER := mydrv" build XMMU_DRIVER=

check "a part that is not there" says 'XMMU_PARTS names "wings"' build XMMU_PARTS=wings

check "an unsupported kernel on demand" build XMMU_KERNEL_MIN=6.2 XMMU_ANY_KERNEL=1
check "every probe is answered" complete
check "every probe is asked for" asked_for
check "another kernel is probed again" probes_again
check "the same kernel is not" nothing_again
check "the SDK builds for a kernel with two passes" two_passes
check "clean" make -C "$driver" clean
check "nothing is left" test ! -e "$driver/build"
check "clean removes only what it has made" says "was not made by this build" \
	make -C "$driver" clean O="$driver"
finish
