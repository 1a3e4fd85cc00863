#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What make install puts into a system works there, and make uninstall takes exactly that out again.
# Packages are tested by make test-packages.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/tap.sh"

prefix=/opt/xmmu
dest=$scratch/dest
sdk=$dest$prefix/share/xmmu
export PKG_CONFIG_SYSROOT_DIR=$dest PKG_CONFIG_PATH=$dest$prefix/share/pkgconfig:$dest$prefix/lib/pkgconfig

# As somebody whose new files are closed to others; what is installed is for all.
install_to() {
	(umask 077 && make install DESTDIR="$dest" PREFIX="$prefix" &&
		make install-samples DESTDIR="$dest" PREFIX="$prefix") &&
		! find "$dest$prefix" -type d ! -perm -755 | grep .
}

all_below() {
	(cd "$dest" && find . | sort)
}

# minimal KERNEL: a copy of the template, which knows the SDK by pkg-config alone.
minimal() {
	local kdir
	kdir=$(sdk/tools/headers "$1")
	cp -r "$sdk/templates/minimal" "$scratch/minimal.$1"
	make -C "$scratch/minimal.$1" KDIR="$kdir" \
		XMMU_DIR="$dest$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=sdkdir xmmu)" &&
		modinfo -F vermagic "$scratch/minimal.$1/build/demo.ko" | grep "^${kdir##*linux-headers-} "
}

# key NAME: makes NAME.key and its certificate NAME.der.
key() {
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1/" -outform DER \
		-keyout "$scratch/$1.key" -out "$scratch/$1.der" 2>/dev/null
}

# sign KEY CERT: the module that was built for 6.1.
sign() {
	make -C "$scratch/minimal.6.1" KDIR="$(sdk/tools/headers 6.1)" XMMU_DIR="$sdk" sign KEY="$1" CERT="$2"
}

signed() {
	key mine && key other && sign "$scratch/mine.key" "$scratch/mine.der" &&
		modinfo -F signer "$scratch"/minimal.6.1/build/signed/*.ko | grep -x mine &&
		! modinfo -F signer "$scratch"/minimal.6.1/build/*.ko | grep .
}

# The lines of the manual: a driver that has the SDK in its folder, and one that is signed.
manual() {
	local pattern
	cp -r "$sdk/templates/minimal" "$scratch/vendor" && (
		cd "$scratch/vendor"
		KDIR=$(cd "$top" && sdk/tools/headers 6.12)
		export sdk KDIR XMMU_DIR=xmmu
		bash -e "$top/docs/howto/vendor.sh" && bash -e "$top/docs/howto/sign.sh" | grep -x 'My modules'
	) || return 1
	pattern=$(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"/\1/p' docs/howto/dkms.conf)
	[[ 6.1.0 =~ $pattern && 6.12.1 =~ $pattern && 7.3.0 =~ $pattern ]] &&
		! [[ 5.10.0 =~ $pattern || 6.0.1 =~ $pattern || 7.4.0 =~ $pattern ]]
}

uapi() {
	local header
	for header in include/uapi/xmmu/*.h; do
		# Flags are separate words.
		# shellcheck disable=SC2046
		gcc -fsyntax-only $(pkg-config --cflags xmmu) -x c - <<<"#include <xmmu/${header##*/}>" || return 1
	done
}

# The sample in the hosted kernel, with the files of the installed SDK only.
hosted() {
	local flags watch
	flags="-O1 $(pkg-config --cflags xmmu-hosted)"
	watch=$(pkg-config --variable=watch xmmu-hosted)
	mkdir "$scratch/hosted" && cd "$scratch/hosted"
	# shellcheck disable=SC2046,SC2086
	gcc -c $flags $watch -DKBUILD_MODNAME='"skeleton"' -DXMMU_DRIVER_NAME='"skeleton"' \
		-DXMMU_TRACE_SYSTEM=skeleton_xmmu "$top"/sample-drivers/skeleton/*.c "$sdk"/sdk/core/*.c &&
		gcc -c $flags "$top/tests/explore/skeleton_munmap.c" &&
		gcc -o scenario ./*.o $(pkg-config --libs xmmu-hosted) &&
		./scenario --strategy random --schedules 50 | grep '^random .* orders'
}

# options: those that a text names, the escapes of a man page taken out.
options() {
	sed 's/\\//g' | grep -oE -- '--[a-z-]+' | sort -u
}

# helps TOOL: what it says of itself, and of its commands.
helps() {
	local command help
	help=$("$1" --help)
	echo "$help"
	if [[ $help == *'COMMAND --help'* ]]; then
		sed -n 's/^  \([a-z]*\)  .*/\1/p' <<<"$help" | while read -r command; do
			"$1" "$command" --help </dev/null
		done
	fi
}

# man_page TOOL: has the same options, and nothing that a formatter warns of.
man_page() {
	local page=$dest$prefix/share/man/man1/$1.1
	diff <(helps "$dest$prefix/bin/$1" | options) <(options <"$page") &&
		grep -q "^$1 .- [a-z]" "$page"
}

# completes WORD... WANTED: the last word of the line would become one of these.
completes() {
	local wanted=${*: -1}
	COMP_WORDS=("${@:1:$#-1}")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	PATH=$dest$prefix/bin:$PATH
	# shellcheck disable=SC1090
	. "$dest$prefix/share/bash-completion/completions/$1"
	complete -p "$1" && _xmmu "$1" && diff <(echo "${COMPREPLY[*]}") <(echo "$wanted")
}

rules() {
	local name
	for name in $(grep -ohE '"xmmu-[a-z]+(%.)?"' sample-drivers/*/*.c | tr -d '"' | sort -u); do
		# What the rule has is a pattern.
		# shellcheck disable=SC2053
		[[ $name == $(sed -n 's/.*KERNEL=="\([^"]*\)".*/\1/p' "$dest$prefix"/lib/udev/rules.d/*) ]] ||
			return 1
	done
	[[ -n $name ]]
}

# dkms RELEASE: whether DKMS would build for it.
dkms() {
	local BUILD_EXCLUSIVE_KERNEL
	eval "$(grep '^BUILD_EXCLUSIVE_KERNEL=' "$dest$prefix"/src/xmmu-samples-*/dkms.conf)"
	[[ $1 =~ $BUILD_EXCLUSIVE_KERNEL ]]
}

ranges() {
	local release max
	for release in 6.1.0-56-amd64 6.12.117+deb12-amd64 6.19.1 7.0-rc1 7.3.2 7.3; do
		dkms "$release" || { echo "refuses $release" && return 1; }
	done
	for release in 5.10.0-9-amd64 6.0.12-1 5.6.1 7.4.0 7.30.1 8.0.1 16.1.0; do
		! dkms "$release" || { echo "takes $release" && return 1; }
	done
	max=$(sed -n 's/^XMMU_KERNEL_MAX := //p' sdk/compat/kernels.mk)
	dkms "$max.0" && ! dkms "${max%.*}.$((${max#*.} + 1)).0"
}

# What an older version had goes away, and the list of what is there stays true.
upgrade() {
	all_below >"$scratch/before"
	echo 'old' >"$sdk/sdk/core/old.c"
	mkdir "$dest$prefix/share/old" && echo 'old' >"$dest$prefix/share/old/file"
	printf '%s\n' "$prefix/share/xmmu/sdk/core/old.c" "$prefix/share/old/" "$prefix/share/old/file" \
		>>"$sdk/installed"
	install_to && rmdir "$dest$prefix/share/old" && diff "$scratch/before" <(all_below)
}

uninstall() {
	echo 'mine' >"$dest$prefix/share/mine"
	make uninstall DESTDIR="$dest" PREFIX="$prefix" &&
		diff <(all_below) <(printf '%s\n' . ./opt ./opt/xmmu ./opt/xmmu/share ./opt/xmmu/share/mine)
}

uninstall_all() {
	rm -r "$dest/opt" && install_to &&
		make uninstall DESTDIR="$dest" PREFIX="$prefix" && diff <(all_below) <(echo .)
}

foreign() {
	mkdir -p "$dest/usr/share/xmmu"
	says "$dest/usr/share/xmmu is somebody else's" make install DESTDIR="$dest" PREFIX=/usr
}

# The same bytes from two clones, made at other times by users with other habits.
archive() {
	local clone
	for clone in one two; do
		git clone -q . "$scratch/$clone" && (
			cd "$scratch/$clone"
			[[ $clone == one ]] || umask 077
			[[ $clone == one ]] || find . -exec touch {} +
			TZ=Asia/Tokyo make dist
		) || return 1
	done
	cmp "$scratch"/{one,two}/build/xmmu-*.tar.xz &&
		tar -tf "$scratch"/one/build/xmmu-*.tar.xz | grep "^xmmu-$(git show HEAD:VERSION)/Makefile$"
}

check "make install, make install-samples" install_to
for kernel in 6.1 6.12; do
	check "the template builds with the installed SDK for $kernel" minimal "$kernel"
done
check "a module is signed" signed
check "a key is asked for" says 'which key? make sign KEY=MOK.priv CERT=MOK.der' sign '' ''
check "a key that is not there is named" says "KEY=$scratch/nokey cannot be read" \
	sign "$scratch/nokey" "$scratch/mine.der"
check "a key with another's certificate is named" says "belong together?" \
	sign "$scratch/mine.key" "$scratch/other.der"
check "and nothing is left of it" test ! -e "$scratch/minimal.6.1/build/signed/demo.ko"
check "a driver builds with the SDK in its folder, as the manual says" manual
check "headers for programs by pkg-config" uapi
check "the hosted library by pkg-config" hosted
for tool in "$dest$prefix"/bin/*; do
	check "man page and --help of ${tool##*/} agree" man_page "${tool##*/}"
done
check "completion of a command" completes gpu-tool st "stat stress"
check "completion of an option of a command" completes gpu-tool stress --s --seconds
check "completion of an option" completes xmmu-lint --l --list
check "the udev rule names all devices" rules
check "DKMS builds for the supported kernels and no others" ranges
check "an upgrade removes what is not there any more" upgrade
check "uninstall leaves what is not ours" uninstall
check "uninstall leaves nothing else" uninstall_all
check "what is not ours is not overwritten" foreign
check "nothing to uninstall is said" says "which PREFIX= was it" make uninstall DESTDIR="$dest" PREFIX=/nowhere
check "a relative PREFIX is named" says "PREFIX=opt: must be an absolute path" make install PREFIX=opt
check "a relative LIBDIR is named" says "LIBDIR=lib64: must be an absolute path" \
	make install DESTDIR="$dest" PREFIX=/nowhere LIBDIR=lib64
check "an archive is the same each time" archive
finish
