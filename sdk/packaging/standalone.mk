# SPDX-License-Identifier: GPL-2.0-only
# The half of xmmu.mk that a driver's Makefile sees: chooses the kernel and runs kbuild in O=.

.DEFAULT_GOAL := modules

ifneq ($(filter-out 0 1,$(XMMU_DEBUG)),)
$(error xmmu: XMMU_DEBUG=$(XMMU_DEBUG): 1 is the debug build, 0 or nothing the release)
endif

O ?= build
KDIR ?= $(realpath /lib/modules/$(shell uname -r)/build)

xmmu-src := $(CURDIR)
xmmu-out := $(abspath $(O))
xmmu-headers = $(wildcard $(addsuffix /build,$(wildcard /lib/modules/*)))

define xmmu-newline


endef

define xmmu-no-kdir
xmmu: the running kernel $(shell uname -r) has no headers here: say which kernel to build for.
  Found:$(or $(foreach dir,$(xmmu-headers),$(xmmu-newline)    make KDIR=$(dir)), none)
  Debian has more: apt-get install linux-headers-amd64
endef

define xmmu-bad-kdir
xmmu: KDIR=$(KDIR) is not a prepared kernel: $(1) is missing.
  Give the folder of a headers package (make KDIR=/lib/modules/RELEASE/build), or of a kernel that
  was built completely (its Module.symvers says what modules may call)
endef

define xmmu-bad-shared
xmmu: XMMU_SHARED names $(1), and there are no C files in it: copy that folder too
endef

xmmu-kernel-files := Makefile include/config/auto.conf include/config/kernel.release Module.symvers

$(foreach folder,$(XMMU_SHARED),$(if $(wildcard $(folder)/*.c),, \
	$(error $(call xmmu-bad-shared,$(folder)))))

.PHONY: modules sign test explore lint compile-commands clean help xmmu-check-kdir
xmmu-check-kdir:
	$(if $(KDIR),,$(error $(xmmu-no-kdir)))
	$(foreach file,$(xmmu-kernel-files),$(if $(wildcard $(KDIR)/$(file)),, \
		$(error $(call xmmu-bad-kdir,$(file)))))

# kbuild would take O= for the kernel's own output folder, even an empty one, so it must not see it.
# And it would report each module that it can give no BTF, which takes a vmlinux.
modules: MAKEOVERRIDES := $(filter-out O=%,$(MAKEOVERRIDES))
modules: xmmu-check-kdir
	@mkdir -p $(xmmu-out) && touch $(xmmu-out)/.xmmu-build
	@find $(xmmu-out) -xtype l -delete
	@find . \( -path ./build -o -path './$(xmmu-out:$(xmmu-src)/%=%)' \) -prune -o -type f \
		\( -name '*.[chS]' -o -name Kbuild \) -printf '%P\n' | while read -r file; do \
		mkdir -p "$$(dirname $(xmmu-out)/$$file)"; \
		ln -sfn $(xmmu-src)/$$file $(xmmu-out)/$$file; \
	done
	@for folder in $(XMMU_SHARED); do \
		mkdir -p $(xmmu-out)/$${folder##*/}; \
		ln -sfn $(xmmu-src)/$$folder/*.[chS] $(xmmu-out)/$${folder##*/}; \
	done
	$(if $(filter 1 2,$(V)),,@)$(MAKE) --no-print-directory -C $(KDIR) M=$(xmmu-out) \
		XMMU_DIR=$(XMMU_DIR) \
		$(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=) modules

sign: modules
	@$(XMMU_DIR)/sdk/packaging/sign '$(KDIR)' '$(KEY)' '$(CERT)' $(xmmu-out)/signed $(xmmu-out)/*.ko

# What needs more of the SDK than its code runs in a folder of the build where the SDK seems to be, so
# that it may be installed, and is never written to. Several drivers can share the folder.
XMMU_WORK ?= $(xmmu-out)/sdk
xmmu-name := $(shell sed -n 's/^XMMU_DRIVER *:*= *//p' Kbuild)
xmmu-verbs = $(MAKE) -C $(XMMU_WORK) --no-print-directory XMMU_DIR=$(XMMU_DIR) FOLDER=$(xmmu-src) DRIVER=drivers/$(xmmu-name)

test explore:
	@mkdir -p $(xmmu-out) $(XMMU_WORK)/drivers && touch $(xmmu-out)/.xmmu-build
	@ln -sfn $(addprefix $(XMMU_DIR)/,VERSION include sdk tests) $(XMMU_WORK)
	@ln -sfn $(XMMU_DIR)/sdk/packaging/verbs.mk $(XMMU_WORK)/Makefile
	@ln -sfn $(xmmu-src) $(XMMU_WORK)/drivers/$(xmmu-name)
	+@$(xmmu-verbs) $@

lint:
	@$(XMMU_DIR)/sdk/lint/check .

compile-commands: modules
	@$(XMMU_DIR)/sdk/tools/compile-commands $(xmmu-out) $(KDIR) >$(xmmu-out)/compile_commands.json

clean:
	$(if $(wildcard $(xmmu-out)),$(if $(wildcard $(xmmu-out)/.xmmu-build),, \
		$(error xmmu: O=$(O) was not made by this build: nothing removed)))
	@rm -rf $(xmmu-out)

help:
	@echo 'make           build the module into O='
	@echo 'make test      load the driver in a guest and run the programs that suites/ names'
	@echo 'make explore   try the schedules of explore/ in a model of the kernel'
	@echo 'make lint      look for misuse of the SDK'
	@echo 'make compile-commands   write O=/compile_commands.json, for clangd'
	@echo 'make sign      sign the module with KEY= and CERT=, into O=/signed'
	@echo 'make clean     remove O='
	@echo
	@echo 'KDIR=dir       headers, or build folder, of the kernel to build for: $(or $(KDIR),none found)'
	@echo 'O=dir          where the build goes: $(O)'
	@echo 'XMMU_DIR=dir   where the SDK is: $(XMMU_DIR)'
	@echo 'KERNEL=name    make test: the kernel of the guest, 6.1 unless given'
	@echo 'SCENARIO=name EXPLORE=options   make explore: which of explore/, and how (EXPLORE=--help)'
	@echo 'XMMU_DEBUG=1   the debug build: checks, lockdep priming, fault injection'
	@echo 'V=1 W=1 C=2    as in the kernel: show commands, more warnings, run sparse'
