# SPDX-License-Identifier: GPL-2.0-only
# Bugs that the scenarios must find: tests/explore/planted has a patch for each, and what of the
# classes of known bugs it stands for. Only what has changed is looked for again.

planted-scenarios := $(filter-out build/explore/memory_%,$(explore-programs))
planted-rows := $(patsubst tests/explore/planted/%.patch,build/planted/%.tsv, \
	$(wildcard tests/explore/planted/*.patch))

.PHONY: planted planted-builds
planted: $(planted-scenarios) ## find the bugs that tests/explore/planted plants
	$(Q)status=0; $(parallel) -k planted-builds || status=1; \
		cat $(planted-rows) 2>/dev/null | sort >build/planted.tsv; \
		{ printf 'bug\tclass\tscenario\toracle\tstrategy\tschedules\tseconds\n'; \
			cat build/planted.tsv; } | column -t -s $$'\t'; \
		echo "$$(wc -l <build/planted.tsv) of $(words $(planted-rows)) planted bugs found"; \
		exit $$status

planted-builds: $(planted-rows)
	@:

$(planted-rows): build/planted/%.tsv: tests/explore/planted/%.patch tests/explore/plant \
		$(planted-scenarios)
	$(call say,PLANT,$*)
	@mkdir -p $(@D)
	$(Q)tests/explore/plant $< $(EXPLORE) >$@
