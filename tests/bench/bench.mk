# SPDX-License-Identifier: GPL-2.0-only
# The verb that measures what the SDK costs; included by the top Makefile.

.PHONY: bench
bench: vm-tools deps-build driver/tests/bench build/user/bench-measure build/host/bench-report ## measure xmmu against a driver by hand on KERNEL, and judge
	$(Q)tests/bench/compare $(KERNEL)

build/user/bench-measure build/host/bench-report: build/%: | deps-build
	$(call link,$(USER_FLAGS))
build/user/bench-measure: tests/bench/user/bench-measure.c
build/host/bench-report: tests/bench/user/bench-report.c

-include build/user/bench-measure.d build/host/bench-report.d
