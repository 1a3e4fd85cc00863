# SPDX-License-Identifier: GPL-2.0-only
# Verbs that boot a kernel in QEMU; included by the top Makefile.

#: T=text           what test-one runs: each program whose id contains it
T ?=

vm-tools := build/host/runner build/host/ktap

# Tests run on every kernel of the table unless one is chosen by name.
test-kernels = $(if $(filter file,$(origin KERNEL)),$(shell tests/vm/kernel --list),$(KERNEL))
test-builds = user vm-tools $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*.c)) \
	$(test-kernels:%=drivers-for/%)

.PHONY: run test test-one shell gdb vm-tools
run: guest-ready ## boot KERNEL in QEMU with the sample drivers and run the demo
	$(Q)tests/vm/run run $(KERNEL) edu-demo

test: $(test-builds) ## run all tests: unit, meta, and in QEMU on every kernel
	$(Q)tests/vm/test $(test-kernels)

test-one: $(test-builds) ## run the tests named by T=, e.g. T=row-iommu (KERNEL= works)
	$(Q)tests/vm/test --match '$(T)' $(test-kernels)

shell: guest-ready ## boot KERNEL with the sample drivers and start a shell in the guest
	$(Q)tests/vm/run shell $(KERNEL)

gdb: guest-ready ## like shell, with a gdb server and the line that starts gdb
	$(Q)tests/vm/run gdb $(KERNEL)

.PHONY: guest-ready
guest-ready: vm-tools drivers user
	$(if $(KDIR),$(error KDIR= is only for building; a guest is chosen by KERNEL=))

vm-tools: $(vm-tools)
$(vm-tools): build/host/%: tests/vm/%.c | deps-vm
	$(call link,$(USER_FLAGS))

drivers-for/%:
	$(Q)$(MAKE) KERNEL=$* drivers
	$(Q)$(MAKE) KERNEL=$* XMMU_DEBUG=1 drivers

-include $(wildcard build/host/*.d)
