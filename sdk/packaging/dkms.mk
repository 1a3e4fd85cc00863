# SPDX-License-Identifier: GPL-2.0-only
# What DKMS does in its copy of the sample drivers: build all of them for KDIR.
drivers := $(patsubst %/Kbuild,%,$(wildcard sample-drivers/*/Kbuild))

.PHONY: all clean $(drivers)
all: $(drivers)

$(drivers):
	$(MAKE) -C $@ KDIR=$(KDIR)

clean:
	rm -rf $(drivers:=/build)
