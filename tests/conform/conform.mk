# SPDX-License-Identifier: GPL-2.0-only
# Scripts of operations on memory, done in a guest's kernel and in the hosted one; see README.md.

conform-programs := $(addprefix build/user/conform_,guest hosted compare)
programs: $(conform-programs)
$(conform-programs): $(wildcard tests/conform/*.h) tests/trace/recorder.h tests/vm/xmmu_record/abi.h

conform-scripts := tests/conform/script.c tests/conform/scripts.c
comma := ,
conform-wraps := event_init event_start event_end event_start_nonblock single_start single_end \
	notifier_release notify_clear_flush_young

# Functions in tables have parameters that not all of them need.
build/user/conform_guest: $(addprefix tests/conform/,guest_main.c inside.c outside.c system.c) \
		$(conform-scripts) | deps-build
	$(call link,$(USER_FLAGS) -Wno-unused-parameter)

build/user/conform_hosted: $(addprefix tests/conform/,hosted_main.c hosted.c faults.c) \
		$(conform-scripts) tests/trace/recorder.c $(hosted-sched) $(hosted-library) | deps-build
	$(call link,$(USER_FLAGS) -Wno-unused-parameter -fno-pie -no-pie -Isdk/hosted/include \
		-Isdk/hosted/mm -Iinclude/uapi -Itests/trace \
		$(conform-wraps:%=-Wl$(comma)--wrap=hosted_%),$(hosted-library))

build/user/conform_compare: $(addprefix tests/conform/,compare.c differences.c) | deps-build
	$(call link,$(USER_FLAGS))

.PHONY: conform
conform: ## compare what drivers are told by KERNEL and by the hosted kernel
	$(Q)$(MAKE) test-builds
	$(Q)tests/vm/test --match .conform. $(test-kernels)
