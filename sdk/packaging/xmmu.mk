# SPDX-License-Identifier: GPL-2.0-only
#
# Builds a driver with the SDK inside it. Two files of a driver include this one:
#
#   Makefile   XMMU_DIR ?= /usr/share/xmmu
#              include $(XMMU_DIR)/sdk/packaging/xmmu.mk
#
#   Kbuild     XMMU_DRIVER := mydrv
#              obj-m := mydrv.o
#              mydrv-y := main.o
#              include $(XMMU_DIR)/sdk/packaging/xmmu.mk
#
# A driver that uses more than include/xmmu/xmmu.h names it before the include:
#
#              XMMU_PARTS := pt faultq
#
# One that shares C files with another driver names their folder, before the include in its Makefile;
# in the build folder it lies below the driver's own files:
#
#              XMMU_SHARED := ../shared
#
# Read from the Makefile it links the sources into the build folder (O=) and starts kbuild there, so
# that neither the driver's folder nor the SDK's is ever written to. Read by kbuild it finds out
# what the kernel has (sdk/compat/probes), and adds the SDK's code as one more object: sdk/core and the
# parts of sdk/parts that the driver names.

override XMMU_DIR := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)

ifeq ($(KERNELRELEASE),)
include $(XMMU_DIR)/sdk/packaging/standalone.mk
else
include $(XMMU_DIR)/sdk/packaging/kbuild.mk
endif
