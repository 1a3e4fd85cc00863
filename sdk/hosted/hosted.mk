# SPDX-License-Identifier: GPL-2.0-only
# The hosted kernel, its explorer, the scenarios and the tests of it. AddressSanitizer does not know
# the stacks of the tasks; the arena has checks of its own.

HOSTED_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -fno-omit-frame-pointer \
	-fno-pie -Isdk/hosted/sched -Isdk/hosted/explore -Itests/explore/toys/hosted
# What the explorer watches: each access becomes a call. A fence is one too, so no warning.
EXPLORE_FLAGS := $(HOSTED_FLAGS) -fsanitize=thread --param tsan-distinguish-volatile=1 -Wno-tsan

hosted-sched := $(wildcard sdk/hosted/sched/*.c)
hosted-objects := $(patsubst %.c,build/hosted/%.o,$(hosted-sched) \
	$(wildcard sdk/hosted/explore/*.c tests/explore/toys/hosted/*.c))
hosted-units := $(filter build/unit/hosted_%,$(unit-programs))
explore-programs := $(patsubst tests/explore/%.c,build/explore/%,$(wildcard tests/explore/*.c))
toy-programs := $(patsubst tests/explore/%.c,build/explore/%,$(wildcard tests/explore/toys/*.c))

$(hosted-units): UNIT_FLAGS := $(USER_FLAGS) -fsanitize=undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -Isdk/hosted/sched -Isdk/hosted/explore -Itests/explore/toys/hosted
$(hosted-units): $(hosted-sched)
build/unit/hosted_search: $(filter-out %/main.c,$(wildcard sdk/hosted/explore/*.c)) \
	$(wildcard tests/explore/toys/hosted/*.c)

$(hosted-objects): build/hosted/%.o: %.c | deps-build
	$(call link,$(HOSTED_FLAGS) -c)

all-explore := $(explore-programs) $(toy-programs)

$(all-explore:=.o): build/explore/%.o: tests/explore/%.c | deps-build
	$(call link,$(EXPLORE_FLAGS) -c)

# Not position-independent: addresses must be the same in each run.
$(all-explore): %: %.o $(hosted-objects)
	$(call link,-no-pie)

#: SCENARIO=name    what make explore runs of tests/explore (all), EXPLORE=options for each
SCENARIO ?= *
EXPLORE ?=
scenarios = $(filter $(patsubst tests/explore/%.c,build/explore/%, \
	$(wildcard tests/explore/$(SCENARIO).c)),$(explore-programs))

.PHONY: explore
explore: $(explore-programs) ## try the schedules of the scenarios in tests/explore
	$(Q)for program in $(scenarios); do $$program $(EXPLORE); done

-include $(wildcard $(hosted-objects:=.d) $(all-explore:=.o.d))

# ---- the hosted kernel: sees no header of the machine; a program takes of it what it needs

hosted-library := build/hosted/libkernel.a
hosted-kernel := $(patsubst %.c,build/hosted/%.o,$(wildcard sdk/hosted/kernel/*.c sdk/hosted/mm/*.c))
KERNEL_FLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -fno-strict-aliasing -fno-omit-frame-pointer -fno-pie \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) -Isdk/hosted/include

$(hosted-kernel): build/hosted/%.o: %.c | deps-build
	$(call link,$(KERNEL_FLAGS) -c)

$(hosted-library): $(hosted-kernel)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

build/unit/hosted_kernel build/unit/hosted_mm: UNIT_FLAGS += -Isdk/hosted/include -Wno-unused-parameter -no-pie
build/unit/hosted_kernel build/unit/hosted_mm: UNIT_LIBS := $(hosted-library)
build/unit/hosted_kernel build/unit/hosted_mm: tests/unit/lib/hosted.c $(hosted-library)
build/unit/hosted_mm: UNIT_FLAGS += -Isdk/hosted/mm -Itests/trace
build/unit/hosted_mm: tests/trace/recorder.c

-include $(wildcard $(hosted-kernel:=.d))
