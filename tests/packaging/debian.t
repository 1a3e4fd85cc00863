#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The packages of build/deb are installed, upgraded and removed in a clean Debian, where DKMS builds the
# sample drivers for two kernels and leaves out those that they are not made for. It needs root, for
# the chroot, and the network: make test-packages.
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
. "$(dirname "$0")/../meta/tap.sh"

if ((EUID != 0)); then
	echo "1..0 # SKIP a chroot needs root"
	exit
fi

version=$(<VERSION)
root=$scratch/root
debs=$root/debs

# inside COMMAND...: in the other Debian; what is mounted goes with the process.
# shellcheck disable=SC2016 # for the shell there
inside() {
	unshare --mount --pid --fork -- sh -ec '
		mount -t proc proc "$1/proc"
		mount -t tmpfs tmpfs "$1/dev/shm"
		cd /
		root=$1
		shift
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive "$@"' sh "$root" "$@"
}

apt() {
	inside apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

debian() {
	mmdebstrap --quiet --mode=root --variant=minbase --include=ca-certificates bookworm "$root" &&
		mkdir "$debs" && cp build/deb/*.deb "$debs" && rm -f "$debs"/*-dbgsym_*.deb &&
		printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d" &&
		cp -L /etc/resolv.conf "$root/etc/" && apt update
}

# The package of the samples as an older version would have been.
older() {
	local tree=$scratch/older
	dpkg-deb -R "$debs"/xmmu-samples-dkms_*.deb "$tree" &&
		mv "$tree/usr/src/xmmu-samples-$version" "$tree/usr/src/xmmu-samples-0.0.1" &&
		sed -i "s/$version/0.0.1/" "$tree"/usr/src/*/{VERSION,dkms.conf} "$tree"/DEBIAN/{control,postinst,prerm} &&
		sed -i "s/xmmu-samples-$version/xmmu-samples-0.0.1/" "$tree/DEBIAN/md5sums" &&
		dpkg-deb -b "$tree" "$debs/older.deb"
}

# kernel RELEASE: a package of headers as Debian's are, but those of 6.1 under another name.
kernel() {
	local tree=$scratch/headers.$1 headers
	headers=$(echo "$root"/usr/src/linux-headers-6.1.*-amd64)
	mkdir -p "$tree/DEBIAN" "$tree/lib/modules/$1"
	ln -s "${headers#"$root"}" "$tree/lib/modules/$1/build"
	printf '%s\n' "Package: linux-headers-$1" 'Version: 1' 'Architecture: all' \
		'Maintainer: nobody <nobody@example.org>' 'Description: a kernel that is out of range' >"$tree/DEBIAN/control"
	printf '#!/bin/sh\nset -e\nrun-parts --exit-on-error --arg=%s /etc/kernel/header_postinst.d\n' "$1" \
		>"$tree/DEBIAN/postinst"
	chmod 755 "$tree/DEBIAN/postinst"
	dpkg-deb -b "$tree" "$debs/linux-headers-$1.deb" && apt install "/debs/linux-headers-$1.deb"
}

# built VERSION KERNEL: DKMS has put a module of each sample where modprobe finds it.
built() {
	local driver folder count
	folder=$(echo "$root/lib/modules/$2"*)
	for driver in sample-drivers/*/Kbuild; do
		driver=$(basename "${driver%/Kbuild}")
		modinfo -F vermagic "$folder/updates/dkms/$driver.ko" | grep "^${folder##*/} " || return 1
	done
	inside dkms status | tee "$scratch/status"
	count=$(grep -c "^xmmu-samples/$1, ${folder##*/}, x86_64: installed" "$scratch/status")
	[[ $count == 1 ]]
}

skipped() {
	[[ -L $root/lib/modules/$1/build ]] && inside dkms status >"$scratch/status" &&
		! grep "$1" "$scratch/status" && [[ ! -e $root/lib/modules/$1/updates ]]
}

# A driver of one's own, as README.md says.
author() {
	local kdir
	cp -r "$root/usr/share/xmmu/templates/minimal" "$root/author" || return 1
	for kdir in "$root"/usr/src/linux-headers-6.*-amd64; do
		inside make -C /author KDIR="${kdir#"$root"}" O="/author/${kdir##*-headers-}" || return 1
		modinfo "$root/author/${kdir##*-headers-}/demo.ko" || return 1
	done
}

files() {
	local file
	for file in usr/share/doc/xmmu-doc/html/index.html usr/share/man/man1/gpu-tool.1.gz \
		usr/lib/udev/rules.d/60-xmmu-samples.rules usr/share/pkgconfig/xmmu.pc; do
		[[ -s $root/$file ]] || { echo "no /$file" && return 1; }
	done
	inside getent group xmmu && inside gpu-tool --help && inside xmmu-lint --help
}

nothing_left() {
	! find "$root"/{usr,etc,lib/modules,var/lib/dkms} -iname '*xmmu*' ! -path '*/dpkg/*' | grep . &&
		! find "$root"/lib/modules/*/updates -name '*.ko' 2>/dev/null | grep .
}

check "a clean Debian" debian
check "a package of an older version" older
check "it installs where no kernel has headers" apt install /debs/older.deb
check "headers of 6.1 are installed" apt install linux-headers-amd64
check "and DKMS builds for them" built 0.0.1 6.1.
check "an upgrade" apt install /debs/xmmu-samples-dkms_"$version"_amd64.deb
check "is built for 6.1" built "$version" 6.1.
check "and the older version is gone" test ! -e "$root/usr/src/xmmu-samples-0.0.1"
check "headers of 6.12 are installed" apt install linux-headers-6.12-amd64
check "and DKMS builds for them" built "$version" 6.12.
for release in 5.10.0-99-amd64 9.1.0-1-amd64; do
	check "apt installs kernel $release, which is out of range" kernel "$release"
	check "and nothing is built for it" skipped "$release"
done
check "the package installs where the newest kernel is out of range" \
	apt install --reinstall /debs/xmmu-samples-dkms_"$version"_amd64.deb
check "the SDK and the manual install" apt install /debs/xmmu-sdk_"$version"_amd64.deb /debs/xmmu-doc_"$version"_all.deb
check "what they have is there" files
check "a driver builds with the installed SDK" author
check "all are removed" apt purge xmmu-sdk xmmu-doc xmmu-samples-dkms
check "nothing is left" nothing_left
finish
