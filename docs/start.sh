#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the manual's first page, which shows them from here; tests/meta/start.t runs them.
set -e

# [new]
make new NAME=mydriver KIND=minimal OUT=../mydriver
cd ../mydriver
export XMMU_DIR=$OLDPWD
# [new]

# [explore]
make explore
# [explore]

# [plant]
sed -i '0,/hw->entry\[index\] = NULL;/s///' hardware.c # zap leaves the entry where it is
make explore
# [plant]
