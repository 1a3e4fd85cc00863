# SPDX-License-Identifier: GPL-2.0-only
# Checks of the sources; sdk/tools/lint does the work and names its stages.

lint-stages := $(shell sdk/tools/lint --list)
lint-kdirs = $(or $(KDIR),$(foreach kernel,$(shell tests/vm/kernel --list), \
	$(shell sdk/tools/headers $(kernel))))

.PHONY: lint $(lint-stages:%=lint-%) format format-check

lint: ## check the sources: style, warnings, sparse, API (lint-STAGE: one stage)
	$(Q)LINT_KDIRS="$(lint-kdirs)" sdk/tools/lint

$(lint-stages:%=lint-%): lint-%:
	$(Q)LINT_KDIRS="$(lint-kdirs)" sdk/tools/lint $*

format: ## rewrite the C sources as .clang-format says
	$(Q)git ls-files -co --exclude-standard -- '*.c' '*.h' | while read -r file; do \
		[ ! -f "$$file" ] || clang-format-14 --style=file -i "$$file"; done

format-check: lint-format ## say which C sources `make format` would change

# tests/meta tests the lint itself.
test test-one: | deps-lint
