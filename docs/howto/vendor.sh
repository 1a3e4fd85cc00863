# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# In the folder of a driver: takes the SDK along, from where $sdk says, and builds with it.
driver=$PWD
mkdir xmmu
(cd "$sdk" && cp -r --parents VERSION include sdk/{core,parts,compat,packaging} "$driver/xmmu")
make XMMU_DIR=xmmu
