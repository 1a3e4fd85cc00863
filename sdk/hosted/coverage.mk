# SPDX-License-Identifier: GPL-2.0-only
# How much of the SDK core and of the hosted kernel the unit tests and the scenarios run. Everything
# is built once more for that, in a tree of hard links, so that nothing of it gets into other builds.
# What is left of an earlier time would be counted, so there is nothing.

coverage-tree := build/coverage
coverage-sources := Makefile VERSION docs include sample-drivers sdk templates tests
# What is counted, and how many of its lines must be run, in percent. The hosted kernel has no large
# folios in device memory, which much of one part is about; tests of Linux 7.3 run that.
coverage-of := sdk/core:95 sdk/parts:90 sdk/hosted:95

# The toys have as many failures as the explorer can report.
coverage-programs = $(hosted-units) $(explore-programs) $(toy-programs)

.PHONY: coverage coverage-builds
coverage: | deps-coverage ## say how much of sdk/core and sdk/hosted the unit tests and scenarios run
	$(Q)rm -rf $(coverage-tree) && mkdir -p $(coverage-tree)
	$(Q)cp -al $(coverage-sources) $(coverage-tree)
	$(Q)$(parallel) -C $(coverage-tree) COVERAGE=1 coverage-builds
	$(Q)sdk/hosted/coverage $(coverage-tree) $(coverage-of)

coverage-builds: $(coverage-programs)
	@:

# Not optimised, so that each line counts, and without sanitizers, whose checks would be branches.
# Drivers stay instrumented for the explorer, so their counters are atomic: it must not see races.
ifeq ($(COVERAGE),1)
COVERAGE_FLAGS := --coverage -fdata-sections -Wl,-T,sdk/hosted/coverage.ld -O0 \
	-Wno-maybe-uninitialized
$(hosted-units): private COVERAGE_FLAGS := $(COVERAGE_FLAGS) -fno-sanitize=all
$(toy-programs:=.o): private COVERAGE_FLAGS :=
DRIVER_FLAGS += -fprofile-update=atomic
endif
