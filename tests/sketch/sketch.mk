# SPDX-License-Identifier: GPL-2.0-only
# The verb that compiles the sketches; included by the top Makefile.

.PHONY: sketch
sketch: ## compile the sketches of drivers to come against every kernel
	$(Q)for kernel in $$(tests/vm/kernel --list); do \
		$(MAKE) KERNEL=$$kernel driver/tests/sketch; \
	done
