# SPDX-License-Identifier: GPL-2.0-only
# Checks of the sources; sdk/tools/lint does the work and names its stages.

lint-stages := $(shell sdk/tools/lint --list)
lint-kernels = $(if $(KDIR),,$(shell tests/vm/kernel --list))
lint-kdirs = $(or $(KDIR),$(foreach k,$(lint-kernels),$(shell tests/vm/kernel --headers $(k))))

.PHONY: lint lint-packages $(lint-stages:%=lint-%) format format-check

lint: lint-packages ## check the sources: style, warnings, sparse, API (lint-STAGE: one stage)
	$(Q)LINT_KDIRS="$(lint-kdirs)" sdk/tools/lint

$(lint-stages:%=lint-%): lint-%: lint-packages
	$(Q)LINT_KDIRS="$(lint-kdirs)" sdk/tools/lint $*

lint-packages:
	$(call deps,$(addprefix --kernel ,$(lint-kernels)) build lint docs)

format: lint-packages ## rewrite the C sources as .clang-format says
	$(Q)git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r file; do \
		[ ! -f "$$file" ] || clang-format-14 --style=file -i "$$file"; done

format-check: lint-format ## say which C sources `make format` would change
