# SPDX-License-Identifier: GPL-2.0-only
# Mutation testing on the hosted kernel. What is known of a mutant is kept until a program changes,
# so that a run that was ended goes on.

mutate-units := $(core-units) $(driver-units) build/unit/edu_validate
mutate = MUTATE_SCENARIOS='$(planted-scenarios)' MUTATE_UNITS='$(mutate-units)' tests/mutate/run

#: MUTATE=text      make mutate: only mutants whose line contains it, e.g. a function (all)
MUTATE ?=

.PHONY: mutate deps-mutate
deps-mutate:
	@$(call deps,mutate)

mutate: build/mutate/mutants.tsv ## change the core and the drivers in every small way: do tests fail?
	$(Q)$(mutate) all '$(MUTATE)'
	$(Q)$(if $(MUTATE),,$(mutate) report)

build/mutate/mutants.tsv: $(planted-scenarios) $(mutate-units) \
		$(wildcard tests/mutate/mutant.* tests/mutate/*.cocci) | deps-mutate
	$(call say,MUTATE,$@)
	$(Q)$(mutate) prepare
