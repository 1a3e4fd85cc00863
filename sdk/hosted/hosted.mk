# SPDX-License-Identifier: GPL-2.0-only
# The hosted kernel, its explorer, the scenarios and the tests of it. AddressSanitizer does not know
# the stacks of the tasks; the arena has checks of its own.

HOSTED_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fno-omit-frame-pointer \
	-fno-pie -Isdk/hosted/sched -Isdk/hosted/explore -Itests/explore/toys/hosted
# What the explorer watches: each access becomes a call. A fence is one too, so no warning.
EXPLORE_FLAGS := $(HOSTED_FLAGS) -fsanitize=thread --param tsan-distinguish-volatile=1 -Wno-tsan

hosted-sched := $(wildcard sdk/hosted/sched/*.c)
hosted-objects := $(patsubst %.c,build/hosted/%.o,$(hosted-sched) \
	$(wildcard sdk/hosted/explore/*.c tests/explore/toys/hosted/*.c))
core-tests := $(filter build/unit/core_%,$(unit-programs))
core-flavors := $(foreach test,$(filter-out %_debug,$(core-tests)),$(test).one-pass $(test).debug)
core-units := $(core-tests) $(core-flavors)
softdev-units := $(filter build/unit/softdev%,$(unit-programs))
hosted-units := $(filter build/unit/hosted_%,$(unit-programs)) $(core-units) $(softdev-units)
explore-programs := $(patsubst tests/explore/%.c,build/explore/%,$(wildcard tests/explore/*.c))
toy-programs := $(patsubst tests/explore/%.c,build/explore/%,$(wildcard tests/explore/toys/*.c))

$(hosted-units): UNIT_FLAGS := $(USER_FLAGS) -fsanitize=undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -Isdk/hosted/sched -Isdk/hosted/explore -Itests/explore/toys/hosted
$(hosted-units): $(hosted-sched)
build/unit/hosted_search: $(filter-out %/main.c,$(wildcard sdk/hosted/explore/*.c)) \
	$(wildcard tests/explore/toys/hosted/*.c)

$(hosted-objects): build/hosted/%.o: %.c | deps-build
	$(call link,$(HOSTED_FLAGS) -c)

all-explore := $(explore-programs) $(toy-programs)

$(all-explore:=.o): build/explore/%.o: tests/explore/%.c | deps-build
	$(call link,$(EXPLORE_FLAGS) -c)

# Not position-independent: addresses must be the same in each run.
$(all-explore): %: %.o $(hosted-objects)
	$(call link,-no-pie,$(EXPLORE_LIBS))

.PHONY: bench-explore
bench-explore: build/explore/toys/long_way ## how many different orders a second the explorer tries
	$(Q)$< --strategy exhaustive --bound 3
	$(Q)$< --strategy random --seconds 3

-include $(wildcard $(hosted-objects:=.d) $(all-explore:=.o.d))

# ---- the hosted kernel: sees no header of the machine; a program takes of it what it needs

hosted-library := build/hosted/libkernel.a
hosted-kernel := $(patsubst %.c,build/hosted/%.o,$(wildcard sdk/hosted/kernel/*.c sdk/hosted/mm/*.c))
KERNEL_FLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -fno-strict-aliasing -fno-omit-frame-pointer -fno-pie \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) -Isdk/hosted/include

$(hosted-kernel): build/hosted/%.o: %.c | deps-build
	$(call link,$(KERNEL_FLAGS) -c)

$(hosted-library): $(hosted-kernel)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

# ---- drivers on the hosted kernel: nothing is known of a real one, and nothing of them is changed

# Interval notifiers in two passes and in one; the debug build of the SDK.
hosted-flavors := two-pass one-pass debug
hosted-drivers := sample-drivers/skeleton sample-drivers/edu sample-drivers/gpu \
	sample-drivers/rdma sample-drivers/gru \
	tests/explore/core tests/explore/faultq tests/explore/devmem tests/explore/whole tests/explore/odp
hosted-version := $(subst ., ,$(file <VERSION))
DRIVER_FLAGS = $(KERNEL_FLAGS) -fsanitize=thread --param tsan-distinguish-volatile=1 -Wno-tsan \
	$(addprefix -I,. include include/uapi sdk/core sdk/compat sample-drivers) \
	-DXMMU_VERSION_MAJOR=$(word 1,$(hosted-version)) \
	-DXMMU_VERSION_MINOR=$(word 2,$(hosted-version)) \
	-DXMMU_VERSION_PATCH=$(word 3,$(hosted-version))

hosted-probes := $(patsubst sdk/compat/probes/%.c,build/hosted/probes/%, \
	$(wildcard sdk/compat/probes/*.c))

build/hosted/Module.symvers: $(hosted-library)
	$(Q)nm --defined-only $< | awk '$$2 == "T" { print "0x0", $$3, "vmlinux" }' >$@

$(hosted-probes): build/hosted/probes/%: sdk/compat/probes/%.c build/hosted/Module.symvers \
		sdk/compat/probe $(wildcard sdk/hosted/include/linux/*.h)
	$(Q)sdk/compat/probe $< $@ build/hosted/Module.symvers $(CC) $(KERNEL_FLAGS)

build/hosted/two-pass/xmmu/features.h build/hosted/debug/xmmu/features.h: $(hosted-probes)
	@mkdir -p $(@D)
	$(Q)sdk/compat/features $^ >$@

build/hosted/one-pass/xmmu/features.h: build/hosted/two-pass/xmmu/features.h
	@mkdir -p $(@D)
	$(Q)sed 's/TWO_PASS 1/TWO_PASS 0/; s/two_pass 1/two_pass 0/' $< >$@

define compile-driver
$(call say,CC,$@)
@mkdir -p $(@D)
$(Q)$(CC) -MMD -MP -MF $@.d $(DRIVER_FLAGS) $(COVERAGE_FLAGS) -c $< -o $@
endef

# $(call sdk-objects,FLAVOR,DRIVER): with all parts, whatever a driver's Kbuild names; and one by
# one, so that a planted bug costs the compiling of one file.
sdk-objects = $(patsubst sdk/%.c,build/hosted/$(1)/$(2)/sdk/%.o, \
	$(sort $(wildcard sdk/core/*.c sdk/parts/*.c)))

# The software device is part of the drivers that use it.
softdev-drivers := gpu rdma gru
softdev-objects := $(patsubst sample-drivers/%.c,build/hosted/%.o, \
	$(wildcard sample-drivers/softdev/*.c))

$(softdev-objects): build/hosted/softdev/%.o: sample-drivers/softdev/%.c | deps-build
	$(compile-driver)

# $(call hosted-driver,FLAVOR,FOLDER): one object whose names nobody else sees, so that a program can
# have several drivers. What a driver is told on the command line is as in sdk/packaging/kbuild.mk.
define hosted-driver
hosted-parts := $(patsubst $(2)/%.c,build/hosted/$(1)/$(notdir $(2))/%.o,$(wildcard $(2)/*.c)) \
	$(call sdk-objects,$(1),$(notdir $(2)))

$$(hosted-parts): build/hosted/$(1)/xmmu/features.h
$$(hosted-parts): DRIVER_FLAGS += -Ibuild/hosted/$(1) $(if $(filter debug,$(1)),-DXMMU_DEBUG=1) \
	-DKBUILD_MODNAME='"$(notdir $(2))"' -DXMMU_DRIVER_NAME='"$(notdir $(2))"' \
	-DXMMU_TRACE_SYSTEM=$(notdir $(2))_xmmu
build/hosted/$(1)/$(notdir $(2))/%.o: $(2)/%.c | deps-build
	$$(compile-driver)
build/hosted/$(1)/$(notdir $(2))/sdk/%.o: sdk/%.c | deps-build
	$$(compile-driver)
build/hosted/$(1)/$(notdir $(2)).o: $$(hosted-parts) \
		$(if $(filter $(notdir $(2)),$(softdev-drivers)),$(softdev-objects))
	$$(Q)ld -r -o $$@ $$^ && objcopy --keep-global-symbol=__none $$@
endef
$(foreach flavor,$(hosted-flavors),$(foreach driver,$(hosted-drivers), \
	$(eval $(call hosted-driver,$(flavor),$(driver)))))

# ---- scenarios of drivers: DRIVER_*.c, linked with that driver; only the driver is watched

define driver-scenarios
hosted-scenarios := $(filter build/explore/$(1)_%,$(explore-programs))
$$(hosted-scenarios:=.o): EXPLORE_FLAGS = $$(KERNEL_FLAGS) -Iinclude/uapi -Isdk/hosted/mm \
	-Isdk/hosted/sched -Isdk/hosted/explore
$$(hosted-scenarios): EXPLORE_LIBS := $(hosted-library)
$$(hosted-scenarios): build/hosted/two-pass/$(1).o $(hosted-library)
endef
$(foreach driver,$(notdir $(hosted-drivers)),$(eval $(call driver-scenarios,$(driver))))

# ---- what is explored: the scenarios here, or those of a driver from elsewhere

#: SCENARIO=name    what make explore runs of tests/explore (all), EXPLORE=options for each
SCENARIO ?= *
EXPLORE ?=
#: DRIVER=./dir     make explore: a driver of yours, with its scenarios in dir/explore
author-driver := $(if $(findstring /,$(DRIVER)),$(abspath $(DRIVER)))

ifneq ($(author-driver),)
author-name := $(notdir $(author-driver))
author-scenarios := $(patsubst $(author-driver)/explore/%.c,build/explore/$(author-name)/%, \
	$(wildcard $(author-driver)/explore/$(SCENARIO).c))

$(if $(wildcard $(author-driver)/*.c),,$(error xmmu: DRIVER=$(DRIVER) has no C files))
$(if $(filter $(author-name),$(notdir $(hosted-drivers))), \
	$(error xmmu: DRIVER=$(DRIVER): there is a driver of that name here: give yours another))
$(eval $(call hosted-driver,two-pass,$(author-driver)))

$(author-scenarios:=.o): build/explore/$(author-name)/%.o: $(author-driver)/explore/%.c | deps-build
	$(call link,$(KERNEL_FLAGS) -Iinclude/uapi -Itests/explore -Isdk/hosted/mm \
		-Isdk/hosted/sched -Isdk/hosted/explore -c)
$(author-scenarios): %: %.o build/hosted/two-pass/$(author-name).o $(hosted-objects) \
		$(hosted-library)
	$(call link,-no-pie,$(hosted-library))
endif

tree-scenarios := $(filter $(patsubst tests/explore/%.c,build/explore/%, \
	$(wildcard tests/explore/$(SCENARIO).c)),$(explore-programs))
scenarios := $(if $(author-driver),$(author-scenarios),$(tree-scenarios))

explorations := $(scenarios:%=%/explore)

# One scenario shows how far it is; of several, each is shown when it is done.
.PHONY: explore explore-builds $(explorations)
explore-builds: $(explore-programs)
	@:

explore: deps-build ## try the schedules of the scenarios in tests/explore, or of your DRIVER
	$(if $(scenarios),,$(error xmmu: SCENARIO=$(SCENARIO) names no file $(or \
		$(author-driver:%=%/explore),tests/explore)/$(SCENARIO).c))
	$(Q)$(parallel) --keep-going $(if $(word 2,$(scenarios)),--output-sync=target) $(explorations)

$(explorations): %/explore: %
	@echo '$(notdir $*):'
	@$* $(EXPLORE)

# ---- scenarios of the hosted memory management, which is not watched itself

memory-scenarios := $(filter build/explore/memory_%,$(explore-programs))
$(memory-scenarios:=.o): EXPLORE_FLAGS = $(KERNEL_FLAGS) -Isdk/hosted/mm -Isdk/hosted/sched \
	-Isdk/hosted/explore
$(memory-scenarios): EXPLORE_LIBS := $(hosted-library)
$(memory-scenarios): $(hosted-library)

# ---- tests of both

hosted-kernel-units := $(filter-out %_sched %_search %_tsan,$(hosted-units))
$(hosted-kernel-units): UNIT_FLAGS += -Isdk/hosted/include -Isdk/hosted/mm -Iinclude/uapi \
	-Itests/trace -Wno-unused-parameter -no-pie
$(hosted-kernel-units): UNIT_LIBS := $(hosted-library)
$(hosted-kernel-units): tests/unit/lib/hosted.c $(hosted-library)
unit-builds: $(core-flavors)

# Tests of the SDK core call it themselves; the objects of the core are those of a driver. Each but
# core_debug runs in all flavors, as build/unit/core_walk.one-pass for instance.
$(core-units): UNIT_FLAGS += -Iinclude
$(core-units): tests/unit/lib/core.c
$(filter-out %.one-pass %.debug %_debug,$(core-units)): $(call sdk-objects,two-pass,core)
$(filter %.debug %_debug,$(core-units)): $(call sdk-objects,debug,core)
$(filter %.one-pass,$(core-units)): $(call sdk-objects,one-pass,core)
$(filter %.one-pass,$(core-units)): UNIT_FLAGS += -DCORE_GENERATION=HOSTED_6_12
$(filter %.one-pass,$(core-units)): build/unit/%.one-pass: tests/unit/%.c | deps-build
	$(call link,$(UNIT_FLAGS),$(UNIT_LIBS) -lcmocka)
$(filter %.debug,$(core-units)): build/unit/%.debug: tests/unit/%.c | deps-build
	$(call link,$(UNIT_FLAGS),$(UNIT_LIBS) -lcmocka)
$(softdev-units): UNIT_FLAGS += -Isample-drivers
$(softdev-units): $(softdev-objects)
build/unit/hosted_device: UNIT_FLAGS += -DKBUILD_MODNAME='"test"'
$(filter build/unit/hosted_mm%,$(unit-programs)): tests/trace/recorder.c
# $(call drivers-of,FLAVOR)
drivers-of = $(patsubst %,build/hosted/$(1)/%.o,$(notdir $(hosted-drivers)))
build/unit/hosted_drivers: $(call drivers-of,two-pass)
build/unit/hosted_drivers_one_pass: $(call drivers-of,one-pass)
build/unit/hosted_drivers_debug: $(call drivers-of,debug)
# hosted_skeleton*, hosted_edu*: tests of one driver.
$(foreach driver,skeleton edu,$(eval \
	$(filter build/unit/hosted_$(driver)%,$(unit-programs)): build/hosted/two-pass/$(driver).o))
driver-units := $(filter build/unit/hosted_drivers% build/unit/hosted_skeleton% \
	build/unit/hosted_edu%,$(unit-programs))

-include $(wildcard $(hosted-kernel:=.d) build/hosted/*/*.o.d build/hosted/*/*/*.o.d \
	build/hosted/*/*/sdk/*/*.o.d)
