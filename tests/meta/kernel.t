#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kernels that are built here: what they are made of decides which one it is, an option that vanishes
# stops the build, and a build that stops leaves its log and nothing else. make and apt are played by
# scripts, and a source tree by two files.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

export XMMU_CACHE=$scratch/cache
export PATH=$scratch/bin:$PATH
kernels=$XMMU_CACHE/kernels
source=$XMMU_CACHE/sources/linux-source-6.12_1.0
mkdir -p "$scratch/bin" "$scratch/vm" "$source/scripts/kconfig"
cp -r tests/vm/{kernel,kernel-build,kernels.tsv,config} "$scratch/vm/"

# plays FILE: a script of that name does what stdin says.
plays() {
	{
		echo '#!/bin/bash'
		cat
	} >"$1"
	chmod +x "$1"
}

kernel() {
	"$scratch/vm/kernel" "$@"
}

plays "$scratch/bin/apt-cache" <<<'echo "Version: 1.0"'
plays "$source/scripts/kconfig/merge_config.sh" <<<'shift && cat "$@" >all && mv all .config'

# make, as far as kernel-build sees it; DROPS is the option that olddefconfig loses.
plays "$scratch/bin/make" <<'END'
build=${3#O=}
case ${!#} in
tinyconfig) echo "$build" >"$build/Makefile" && : >"$build/.config" ;;
olddefconfig) sed -i "/=n$/d; /^${DROPS:-none}=/d" "$build/.config" ;;
modules)
	mkdir -p "$build"/{include/config,arch/x86/boot}
	echo 6.12.0-debug >"$build/include/config/kernel.release"
	echo image >"$build/arch/x86/boot/bzImage"
	;;
modules_install) mkdir -p "${5#INSTALL_MOD_PATH=}/lib/modules/6.12.0-debug" ;;
esac
END

not_cached() {
	! kernel --cached debug
}

no_rest() {
	! compgen -G "$kernels/tmp.*" && ! compgen -G "$kernels/debug_*"
}

builds() {
	[[ $(kernel --release debug) == 6.12.0-debug ]] && kernel --cached debug &&
		grep image "$(kernel --vmlinuz debug)" &&
		grep -xF "$(kernel --headers debug)" "$(kernel --headers debug)/Makefile"
}

changed() {
	echo "# CONFIG_ANYTHING=y" >>"$scratch/vm/config/$1.config"
	not_cached
}

check "nothing is there" not_cached
check "an option that vanishes stops the build" \
	says "the configuration of kernel debug did not take: CONFIG_KSM=y" \
	env DROPS=CONFIG_KSM "$scratch/vm/kernel" --fetch debug
check "the log stays" test -e "$kernels/debug.log"
check "and nothing else" no_rest
check "it is built" builds
plays "$scratch/bin/make" <<<'exit 1'
check "it is built once" builds
check "another fragment makes it another kernel" changed debug
check "known kernels are named" says "no kernel '9.9'; known: 6.1 6.12 debug newest kcsan" kernel --fetch 9.9
finish
