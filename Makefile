# SPDX-License-Identifier: GPL-2.0-only
# The verbs of xmmu: `make help` prints them. Drivers are built by sdk/packaging/xmmu.mk, each in
# its own folder below build/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

#: KERNEL=name      kernel to build for and to run: a name in tests/vm/kernels.tsv (6.1)
#: KDIR=dir         build for the kernel with these headers instead; not for guests
#: XMMU_DEBUG=1     the debug build of the SDK: checks, lockdep priming, fault injection
#: V=1 W=1 C=2      as in the kernel: show commands, more warnings, run sparse
KERNEL ?= 6.1
KDIR ?=

ifeq ($(strip $(KERNEL)),)
$(error xmmu: KERNEL= names no kernel; known: $(shell tests/vm/kernel --list-all))
endif
ifneq ($(filter-out 0 1,$(XMMU_DEBUG)),)
$(error xmmu: XMMU_DEBUG=$(XMMU_DEBUG): 1 is the debug build, 0 or nothing the release)
endif

include sdk/tools/rules.mk tests/vm/vm.mk tests/bench/bench.mk tests/sketch/sketch.mk docs/docs.mk sdk/tools/lint.mk

.PHONY: help doctor clean distclean
help: ## print this
	@echo 'Verbs:'
	@sed -nE 's/^([a-z][a-z-]*):([^=].*)?## (.*)/  \1\t\3/p' $(MAKEFILE_LIST) | sort | expand -t 20
	@echo 'Variables:'
	@sed -nE 's/^#: ([^ ].*)/  \1/p' $(MAKEFILE_LIST)

# ---- what the verbs need on this machine

deps = $(if $(have-packages),,sdk/tools/deps $(1))

.PHONY: deps deps-build deps-install deps-vm deps-docs deps-lint deps-coverage
deps: ## install every Debian package that a verb needs, and get the kernels' headers
	@$(call deps,--all)
deps-build:
	@$(call deps,$(if $(KDIR),,--kernel $(KERNEL)) build)
deps-install:
	@$(call deps,build)
deps-vm:
	@$(call deps,vm)
deps-docs:
	@$(call deps,docs)
deps-coverage:
	@$(call deps,coverage)
deps-lint:
	@$(call deps,$(if $(KDIR),,$(patsubst %,--kernel %,$(shell tests/vm/kernel --list))) build lint docs)

docs-xml: | deps-docs
lint $(lint-stages:%=lint-%): | deps-lint
format: | deps-lint

doctor: ## say what is missing and how to get it, whether KVM works; installs nothing
	@sdk/tools/doctor

# ---- drivers

kernel-name := $(if $(KDIR),$(shell sed -n 's/.* UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null),$(KERNEL))
ifeq ($(kernel-name),)
$(error xmmu: KDIR=$(KDIR) is not a prepared kernel: include/generated/utsrelease.h is missing)
endif
flavor := $(if $(filter 1,$(XMMU_DEBUG)),debug,release)
# Asked for once, when it is needed.
headers = $(eval headers := $(or $(abspath $(KDIR)),$(shell sdk/tools/headers $(KERNEL))))$(headers)
# Each template becomes two drivers, so that both can be loaded at once: KIND_a, and KIND_b with the
# debug build of the SDK.
template-kinds := $(patsubst templates/%/Kbuild,%,$(wildcard templates/*/Kbuild))
template-drivers := $(foreach kind,$(template-kinds),$(addprefix build/templates/$(kind),_a _b))
# A driver that brings its own SDK, of another version than this one, to be loaded beside them.
vendored := build/templates/vendored
drivers := $(if $(filter debug,$(flavor)),$(filter %_b,$(template-drivers)), \
	$(filter %_a,$(template-drivers)) $(vendored)) $(patsubst %/Kbuild,%,$(wildcard \
	$(addsuffix /Kbuild,sample-drivers/* tests/* tests/vm/*)))

.PHONY: build drivers $(drivers:%=driver/%)
build: drivers user ## build the sample drivers and all programs (default)

# The sketches are no modules: a verb of their own compiles them.
drivers: deps-build ## build only the drivers
	$(Q)$(parallel) $(patsubst %,driver/%,$(filter-out tests/sketch,$(drivers)))

$(drivers:%=driver/%): driver/%: deps-build
	$(Q)$(MAKE) -C $* KDIR=$(headers) XMMU_DIR=$(CURDIR)$(own-sdk) \
		O=$(CURDIR)/build/$(kernel-name)/$(flavor)/$(notdir $*)

driver/$(vendored): own-sdk := /$(vendored)/xmmu
$(addprefix driver/,$(template-drivers) $(vendored)): driver/%: %/Kbuild

.PHONY: templates
templates: $(addsuffix /Kbuild,$(template-drivers) $(vendored))
$(template-drivers:=/Kbuild): build/templates/%/Kbuild: $(shell find templates -type f)
	@mkdir -p build/templates
	$(Q)templates/new-driver $* --kind $(patsubst %_a,%,$(*:_b=)) --out $(@D) --force >/dev/null
	@touch $@
$(addsuffix /user/test.c,$(template-drivers) $(vendored)): %/user/test.c: %/Kbuild ;

$(vendored)/Kbuild: $(shell find VERSION include sdk/core sdk/parts sdk/compat sdk/packaging templates \
		-type f)
	@rm -rf $(@D) && mkdir -p build/templates
	$(Q)templates/new-driver vendored --kind minimal --out $(@D) >/dev/null
	$(Q)mkdir $(@D)/xmmu && cp -r --parents include sdk/{core,parts,compat,packaging} $(@D)/xmmu
	$(Q)echo 9.8.7 >$(@D)/xmmu/VERSION

#: NAME= KIND= OUT=dir  make new: of the driver, a template (gpu, ...), where (../NAME)
KIND ?=
OUT ?= ../$(NAME)

.PHONY: new
new: ## make a driver of your own from a template: NAME= KIND=
	$(Q)templates/new-driver '$(NAME)' --kind '$(KIND)' --out '$(OUT)'

# ---- programs: those that test in the guest share the C files of tests/user/lib

USER_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -Iinclude/uapi \
	-Itests/user/lib $(addprefix -I,$(wildcard sample-drivers/*/user/lib))
UNIT_FLAGS := $(USER_FLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all -Isdk/core

sample-programs := $(patsubst %.c,build/user/%,$(notdir $(wildcard sample-drivers/*/user/*.c)))
template-programs := $(patsubst build/templates/%,build/user/%-test,$(template-drivers) $(vendored))
# Those named *_32 are 32-bit programs, which have neither cmocka nor the shared files.
test-programs-32 := $(patsubst tests/user/%.c,build/user/%,$(wildcard tests/user/*_32.c))
test-programs := $(filter-out $(test-programs-32), \
	$(patsubst tests/user/%.c,build/user/%,$(wildcard tests/user/*.c)))
test-objects := $(patsubst tests/user/lib/%.c,build/user/lib/%.o,$(wildcard tests/user/lib/*.c))
# The libraries that come with drivers.
sample-libraries := $(patsubst %.c,build/user/lib/%.o, \
	$(notdir $(wildcard sample-drivers/*/user/lib/*.c)))
unit-programs := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*.c))

# One source, built for both widths.
fuzz-programs := build/user/fuzz build/user/fuzz_32
stress-program := build/user/stress

vpath %.c $(wildcard sample-drivers/*/user sample-drivers/*/user/lib)

.PHONY: user programs unit
user: deps-build ## build only the programs that run in the guest
	$(Q)$(parallel) programs

programs: $(sample-programs) $(template-programs) $(test-programs) $(test-programs-32) $(fuzz-programs) $(stress-program)
	@:

unit: vm-tools deps-build ## run only the unit tests
	$(Q)$(parallel) unit-builds
	$(Q)tests/vm/test --match unit.

unit-builds: $(unit-programs)
	@:

$(sample-programs): build/user/%: %.c | deps-build
	$(call link,$(USER_FLAGS))

$(template-programs): build/user/%-test: build/templates/%/user/test.c | deps-build
	$(call link,$(USER_FLAGS))

build/user/gpu-tool: build/user/lib/xgpu.o
build/user/rdma-tool: build/user/lib/xrdma.o

$(test-programs): build/user/%: tests/user/%.c $(test-objects) $(sample-libraries) | deps-build
	$(call link,$(USER_FLAGS),-lcmocka)

$(test-programs-32) build/user/fuzz_32: CC := i686-linux-gnu-gcc
$(test-programs-32): build/user/%: tests/user/%.c | deps-build
	$(call link,$(USER_FLAGS) -static)

# Functions in tables have parameters that not all of them need.
$(fuzz-programs): $(wildcard tests/fuzz/*.c) tests/user/lib/number.c | deps-build
	$(call link,$(USER_FLAGS) -Wno-unused-parameter -static)

$(test-objects): build/user/lib/%.o: tests/user/lib/%.c | deps-build
	$(call link,$(USER_FLAGS) -c)

$(sample-libraries): build/user/lib/%.o: %.c | deps-build
	$(call link,$(USER_FLAGS) -c)

$(stress-program): $(wildcard tests/stress/*.c) tests/user/lib/number.c | deps-build
	$(call link,$(USER_FLAGS) -Wno-unused-parameter)

$(unit-programs): build/unit/%: tests/unit/%.c | deps-build
	$(call link,$(UNIT_FLAGS),$(UNIT_LIBS) -lcmocka)

include sdk/hosted/hosted.mk sdk/hosted/coverage.mk tests/explore/planted.mk \
	tests/mutate/mutate.mk \
	tests/conform/conform.mk tests/hmm/hmm.mk

-include $(wildcard build/user/*.d build/user/lib/*.d build/unit/*.d)

# ---- for editors

.PHONY: compile-commands
compile-commands: drivers ## write build/compile_commands.json, for clangd
	$(Q)sdk/tools/compile-commands build/$(kernel-name)/$(flavor) $(headers) \
		>build/compile_commands.json

include sdk/packaging/install.mk

clean: ## remove what was built
	$(Q)rm -rf build

distclean: clean ## remove the kernels in the cache too
	$(Q)cache=$${XMMU_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/xmmu}; \
		rm -rf "$$cache"/{kernels,sources,apt,headers,kvm.*,vm.lock}
