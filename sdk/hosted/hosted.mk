# SPDX-License-Identifier: GPL-2.0-only
# The hosted kernel: its scheduler and the tests of that. AddressSanitizer does not know the stacks
# of the tasks; the arena has checks of its own.

hosted-sched := $(wildcard sdk/hosted/sched/*.c)
hosted-units := $(filter build/unit/hosted_%,$(unit-programs))

$(hosted-units): UNIT_FLAGS := $(USER_FLAGS) -fsanitize=undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -Isdk/hosted/sched
$(hosted-units): $(hosted-sched)
