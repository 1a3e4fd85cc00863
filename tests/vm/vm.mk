# SPDX-License-Identifier: GPL-2.0-only
# Verbs that boot a kernel in QEMU; included by the top Makefile.

#: T=text           what test-one runs: each program whose id contains it
T ?=

vm-tools := build/host/runner build/host/ktap

#: CONFIG=name      what make kernel builds: debug, newest or kcsan
CONFIG ?=

guest-verbs := run test test-all test-one fuzz stress progress shell gdb kernel bench test-hmm
ifneq ($(KDIR),)
$(if $(filter $(guest-verbs),$(MAKECMDGOALS)), \
	$(error xmmu: KDIR=$(KDIR) is only for building; a guest is chosen by KERNEL=))
endif

# The drivers that are loaded where a person looks.
guest-drivers = $(addprefix $(flavor)/,skeleton edu gpu rdma gru)

# Tests run on every kernel of the table unless one is chosen by name.
test-kernels = $(if $(filter file,$(origin KERNEL)),$(shell tests/vm/kernel \
	$(if $(filter test-all test-hmm,$(MAKECMDGOALS)),--list-all,--list)),$(KERNEL))
.PHONY: test-builds unit-builds
test-builds: user vm-tools $(test-kernels:%=drivers-for/%)
	$(Q)$(parallel) unit-builds explore-builds

.PHONY: $(guest-verbs) vm-tools
run: guest-ready ## boot KERNEL in QEMU with the sample drivers and run the demo
	$(Q)tests/vm/run --drivers "$(guest-drivers)" run $(KERNEL) edu-demo

test: ## run all tests: unit, scenarios, meta, and in QEMU on Debian's kernels
test-all: ## the same on all kernels, with a minute of stress on each, and the Debian packages
test-all: | deps-deb deps-packages
test test-all: test-builds
	$(Q)tests/vm/test $(if $(filter test-all,$@),--stress) $(test-kernels)

# What is typed is looked at before anything is built.
test-one: ## run the tests named by T=, e.g. T=row-iommu (KERNEL= works)
	$(Q)tests/vm/test --list --match '$(T)' $(test-kernels) >/dev/null
	$(Q)$(MAKE) test-builds
	$(Q)tests/vm/test --match '$(T)' $(test-kernels)

kernel: ## build the kernel CONFIG=debug, newest or kcsan, as all verbs with KERNEL= do
	$(Q)$(call deps,$(if $(CONFIG),--kernel $(CONFIG),$(error xmmu: which kernel? CONFIG=debug, \
		CONFIG=newest or CONFIG=kcsan)))
	$(Q)tests/vm/kernel --fetch $(CONFIG)

#: SEED=n            of what is random in make fuzz and make stress: another run
SEED ?=

#: DRIVER= CALLS=    what make fuzz calls (skeleton), and how often
DRIVER ?= skeleton
CALLS ?= 200000

# A thousand calls take less than a second.
fuzz: guest-ready build/user/fuzz ## call the commands of DRIVER with arguments that are almost right
	$(if $(filter skeleton edu gpu rdma gru,$(DRIVER)),, \
		$(error xmmu: DRIVER=$(DRIVER): must be skeleton, edu, gpu, rdma or gru))
	$(Q)$(MAKE) XMMU_DEBUG=1 driver/sample-drivers/$(DRIVER)
	$(Q)tests/vm/run --drivers debug/$(DRIVER) --row iommu \
		--boot-seconds $$((60 + $(CALLS) / 1000)) run $(KERNEL) \
		"fuzz --calls $(CALLS) $(if $(SEED),--seed $(SEED)) $(DRIVER)"

#: MINUTES=n         how long make stress and make progress take (1)
MINUTES ?= 1

check-minutes = $(if $(shell [[ '$(MINUTES)' =~ ^[1-9][0-9]*$$ ]] && echo yes),, \
	$(error xmmu: MINUTES=$(MINUTES): must be a whole number from 1))

# The debug build of the SDK: XMMU_DEBUG=1.
stress: guest-ready build/user/stress ## let a device work in a hostile address space for MINUTES
	$(check-minutes)
	$(Q)$(MAKE) driver/tests/vm/xmmu_test
	$(Q)tests/vm/run --drivers "$(flavor)/xmmu_test $(flavor)/gpu" --row hostile \
		--boot-seconds $$((120 + 60 * $(MINUTES))) run $(KERNEL) \
		"stress --seconds $$((60 * $(MINUTES))) $(if $(SEED),--seed $(SEED))"

# Debian's kernels have no private device memory, but the row has reserved RAM.
progress-memory = $(if $(shell tests/vm/kernel --is-ours $(KERNEL) && echo ours),,:reserved=384)

# Five tests share the time.
progress: guest-ready build/user/gpu_progress ## a device and processors on one page for MINUTES: all advance
	$(check-minutes)
	$(Q)tests/vm/run --drivers $(flavor)/gpu$(progress-memory) --row reserved \
		--boot-seconds $$((120 + 60 * $(MINUTES))) \
		run $(KERNEL) "gpu_progress $$((12 * $(MINUTES)))"

shell: guest-ready ## boot KERNEL with the sample drivers and start a shell in the guest
	$(Q)tests/vm/run --drivers "$(guest-drivers)" shell $(KERNEL)

gdb: guest-ready ## like shell, with a gdb server and the line that starts gdb
	$(Q)tests/vm/run --drivers "$(guest-drivers)" gdb $(KERNEL)

.PHONY: guest-ready
guest-ready: vm-tools deps-build
	$(Q)$(parallel) $(patsubst %/Kbuild,driver/%,$(wildcard sample-drivers/*/Kbuild)) $(sample-programs)

vm-tools: $(vm-tools)
$(vm-tools): build/host/%: tests/vm/%.c | deps-build deps-vm
	$(call link,$(USER_FLAGS))

drivers-for/%: | templates
	$(Q)$(MAKE) KERNEL=$* drivers
	$(Q)$(MAKE) KERNEL=$* XMMU_DEBUG=1 drivers

-include $(wildcard build/host/*.d)
