# SPDX-License-Identifier: GPL-2.0-only
# The manual: Doxygen reads the headers, Breathe and Sphinx make the pages. Any warning is an error.

DOCS_OUT ?= build/docs
# What the menu of versions offers: this one, and those that have a tag. The manual of each is
# published in a folder that is called like the version, all beside each other.
DOCS_VERSIONS ?= $(file <VERSION) $(filter-out $(file <VERSION), \
	$(patsubst v%,%,$(shell git tag --list 'v*' --sort=-version:refname 2>/dev/null)))

# Debian's own Sphinx: a private python3 that is found first would not have Breathe.
sphinx := /usr/bin/python3 -m sphinx

.PHONY: docs docs-serve docs-check docs-browser docs-xml docs-builds tutorial-builds

docs: docs-xml docs-builds tutorial-builds ## build the manual into build/docs/html
	$(Q)docs/link-samples $(DOCS_OUT)/xml build/docs/uses
	$(call say,SPHINX,$(DOCS_OUT)/html/index.html)
	$(Q)$(sphinx) -b html -W --keep-going -n -q -d $(DOCS_OUT)/doctrees \
		-D breathe_projects.xmmu=$(abspath $(DOCS_OUT))/xml -A versions="$(DOCS_VERSIONS)" \
		docs $(DOCS_OUT)/html
	$(Q)docs/mend-theme $(DOCS_OUT)/html

#: PORT=number      where docs-serve listens (8000)
docs-serve: ## show the manual that was built to a browser on this machine
	$(Q)docs/serve $(DOCS_OUT)/html $(PORT)

#: EXTERNAL=1       docs-check tries links to other sites, too
docs-check: docs ## check the manual: links, symbols, code, spelling
	$(Q)$(call deps,docs-check lint)
	$(Q)docs/check $(if $(filter 1,$(EXTERNAL)),--external) $(DOCS_OUT)

docs-browser: docs ## read the manual in headless Chromium: search, phone, dark mode; takes screenshots
	$(Q)$(call deps,browser)
	$(Q)/usr/bin/python3 docs/browser.py $(DOCS_OUT)/html $(DOCS_OUT)/screenshots

docs-xml: ## describe the API as XML, for docs and lint
	$(call say,DOXYGEN,include)
	$(Q)rm -rf $(DOCS_OUT)/xml && mkdir -p $(DOCS_OUT)
	$(Q)DOCS_OUT=$(DOCS_OUT) XMMU_VERSION=$(file <VERSION) doxygen docs/Doxyfile

# A list for each class of bugs, of those that are planted: what it is, its patch, who finds it.
planted-list := build/docs/planted

docs-builds:
	$(call say,GEN,$(planted-list))
	$(Q)rm -rf $(planted-list) && mkdir -p $(planted-list)
	$(Q)awk -v out=$(planted-list) '\
		$$1 == "Class:" { class = substr($$2, 1, 1); what = substr($$0, index($$0, $$3)) } \
		$$1 == "Found" { \
			name = FILENAME; gsub(/.*\/|\.patch$$/, "", name); \
			printf "- %s (``%s``): ``%s``\n", what, name, $$3 >(out "/" class ".rst"); \
			nextfile \
		}' tests/explore/planted/*.patch

# The kernels that tests run on, and what the probes ask them.
kernel-lists := build/docs/kernels

docs-builds: $(kernel-lists)/tested.rst $(kernel-lists)/probes.rst

$(kernel-lists)/tested.rst: tests/vm/kernels.tsv
	$(Q)mkdir -p $(@D)
	$(Q)awk -F '\t' '!/^#/ { \
		how = $$3 == "-" ? "Debian\047s own" : "built from Debian\047s source, with " $$3; \
		printf "``%s``\n   ``%s``: %s\n\n", $$1, $$2, how \
	}' $< >$@

# The first comment of a probe, but for what it needs, says what it asks and of which kernels.
$(kernel-lists)/probes.rst: $(filter-out sdk/compat/probes/control_%,$(wildcard sdk/compat/probes/*.c))
	$(Q)mkdir -p $(@D)
	$(Q)awk 'FNR == 1 { text = ""; next } \
		!/Needs:/ { text = text " " $$0 } \
		/\*\// && text { \
			name = FILENAME; gsub(/.*\/|\.c$$/, "", name); gsub(/ *(\/\*|\*\/|\*) */, " ", text); \
			gsub(/^ +| +$$/, "", text); printf "``%s``\n   %s\n\n", name, text; nextfile \
		}' $^ | sed -E 's/\(([^()]*)([0-9a-f]{12})\)/(\1``\2``)/' >$@

# A table of what was measured: the texts are those of the report of make bench.
bench-table := build/docs/performance.md

docs-builds: $(bench-table)

$(bench-table): tests/bench/user/bench-report.c docs/performance/6.1.json
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)awk -F '"' '\
		FNR == NR && /^\t\{ "/ { base = $$6 ? $$6 : "raw"; text[$$2, base] = $$4 } \
		FNR == NR { next } \
		/"kernel"/ { kernel = $$4 } \
		/"date"/ { date = substr($$4, 1, 10) } \
		/"rows"/ { \
			printf "Linux %s, %s:\n\n", kernel, date; \
			print "| | compared with | xmmu | target |\n|---|---:|---:|---|" \
		} \
		/"what"/ { what = text[$$4, $$8]; sub(/^  /, "– ", what); target = $$12; \
			met = /"met": false/ ? ", missed" : "" } \
		/"instructions": .*"base"/ { \
			split($$0, part, /"lowest": /); \
			printf "| %s | %d | %d | %s%s |\n", what, part[2], part[3], target, met \
		}' $^ >$@

# What the tutorial says of the explorer is what it prints: it finds the bug, and no more of it once
# the driver is mended.
tutorial := build/tutorial
tutorial-scenario := build/explore/race/discard

tutorial-builds:
	$(call say,EXPLORE,$(tutorial))
	$(Q)rm -rf $(tutorial) && mkdir -p $(tutorial) && cp -r docs/tutorial/race $(tutorial)
	$(Q)$(MAKE) DRIVER=$(tutorial)/race $(tutorial-scenario) >/dev/null
	$(Q)! $(tutorial-scenario) >$(tutorial)/found.txt
	$(Q)grep -q '^discard: stale access: ' $(tutorial)/found.txt
	$(Q)patch --silent --strip 1 --directory $(tutorial)/race <docs/tutorial/mend.patch
	$(Q)$(MAKE) DRIVER=$(tutorial)/race $(tutorial-scenario) >/dev/null
	$(Q)$(tutorial-scenario) --strategy exhaustive >$(tutorial)/mended.txt
