# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own hmm-tests against the gpu driver; included by the top Makefile.

.PHONY: test-hmm
test-hmm: vm-tools build/host/hmm-judge ## run the kernel's own hmm-tests against the gpu driver
	$(Q)tests/hmm/run $(test-kernels)

build/host/hmm-judge: tests/hmm/judge.c | deps-build
	$(call link,$(USER_FLAGS))

# Compiled from the source that a kernel is built from, as it is; whether that has changed nobody knows
# beforehand. 7.3 has some of it in files of their own.
hmm-tests := $(patsubst %,build/user/hmm-tests-%,$(shell tests/vm/kernel --list-all))
.PHONY: $(hmm-tests)
$(hmm-tests): build/user/hmm-tests-%: | deps-build
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)source=$$(tests/vm/kernel --source $*); tests=$$source/tools/testing/selftests; more=; \
	if [ -e $$tests/mm/hugepage_settings.c ]; then \
		more="$$tests/mm/hugepage_settings.c $$tests/mm/vm_util.c"; \
	fi; \
	$(CC) -O2 -w -static -pthread -D_GNU_SOURCE -isystem $$source/tools/include/uapi -I$$source \
		-I$$tests -I$$tests/mm $$tests/mm/hmm-tests.c $$more -o $@
