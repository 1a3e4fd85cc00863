# SPDX-License-Identifier: GPL-2.0-only
# How the verbs here, and those of drivers that live elsewhere (sdk/packaging/verbs.mk), build programs.

Q := $(if $(filter 1 2,$(V)),,@)
say = $(if $(Q),@printf "  %-7s %s\n" $(1) $(2))

# As many jobs as there are processors, unless the user has said how many; packages are there.
parallel = $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) have-packages=1

# $(call link,FLAGS,LIBRARIES): from all C and object files among the prerequisites.
define link
$(call say,CC,$@)
@mkdir -p $(@D)
$(Q)$(CC) -MMD -MP -MF $@.d $(1) $(COVERAGE_FLAGS) $(filter %.c %.o,$^) -o $@ $(2)
endef
