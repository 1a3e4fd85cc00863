# SPDX-License-Identifier: GPL-2.0-only
# make test and make explore of a driver that lives elsewhere. sdk/packaging/standalone.mk starts it in a
# folder of that driver's build, where paths are those of a checkout:
#
#   include, sdk, tests, VERSION   links to the SDK's
#   drivers/NAME                   a link to the driver, which lies in FOLDER
#   build/                         what is built here

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

KERNEL ?= 6.1

.PHONY: deps-build
deps-build:

include sdk/tools/rules.mk sdk/hosted/hosted.mk

name := $(notdir $(DRIVER))
host-tools := build/host/runner build/host/ktap
programs := $(patsubst $(DRIVER)/user/%.c,build/user/$(name)-%,$(wildcard $(DRIVER)/user/*.c))
flavors := release debug
suites := $(wildcard $(DRIVER)/suites/*)
PROGRAM_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -pthread -D_GNU_SOURCE

$(host-tools): build/host/%: tests/vm/%.c
	$(call link,$(PROGRAM_FLAGS))

$(programs): build/user/$(name)-%: $(DRIVER)/user/%.c
	$(call link,$(PROGRAM_FLAGS))

.PHONY: test $(flavors:%=modules/%)
test: $(flavors:%=modules/%) $(host-tools) $(programs)
	$(if $(suites),,$(error xmmu: $(FOLDER)/suites has no file: make test runs what is named there))
	$(Q)sdk/tools/deps vm
	$(Q)rm -rf build/data && mkdir -p build/data
	$(Q)cp -r tests/vm/rows.tsv tests/vm/bin $(DRIVER)/suites build/data
	$(Q)tests/vm/run --build build --data build/data test $(KERNEL)

headers = $(eval headers := $(shell sdk/tools/headers $(KERNEL)))$(headers)

$(flavors:%=modules/%): modules/%:
	$(Q)$(MAKE) -C $(FOLDER) modules KDIR=$(headers) XMMU_DEBUG=$(if $(filter debug,$*),1,0) \
		O=$(CURDIR)/build/$(KERNEL)/$*/$(name)

-include $(wildcard build/host/*.d build/user/*.d)
