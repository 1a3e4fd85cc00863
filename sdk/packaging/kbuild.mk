# SPDX-License-Identifier: GPL-2.0-only
# The half of xmmu.mk that kbuild sees: feature probes, flags, and the SDK's own code.

include $(XMMU_DIR)/sdk/compat/kernels.mk

# ---- what is refused

ifeq ($(and $(XMMU_DRIVER),$($(XMMU_DRIVER)-y)$($(XMMU_DRIVER)-objs)),)
$(error xmmu: Kbuild must name the driver and its objects before it includes xmmu.mk: \
	XMMU_DRIVER := mydrv, mydrv-y := main.o; got XMMU_DRIVER := $(XMMU_DRIVER))
endif

define xmmu-bad-kernel
xmmu: kernel $(KERNELRELEASE) is outside the supported range.
  xmmu $(xmmu-version) is written for $(XMMU_KERNEL_MIN) to $(XMMU_KERNEL_MAX). A newer xmmu may know this kernel.
  To try all the same: make XMMU_ANY_KERNEL=1
endef

define xmmu-bad-config
xmmu: kernel $(KERNELRELEASE) is built without CONFIG_$(1), which no driver for an external MMU can do without.
  Choose another kernel with KDIR=, or rebuild this one with CONFIG_$(1)=y.
endef

define xmmu-bad-part
xmmu: XMMU_PARTS names "$(1)", which xmmu $(xmmu-version) does not have.
  It has: $(xmmu-parts)
endef

xmmu-version := $(file <$(XMMU_DIR)/VERSION)
# A part is sdk/parts/NAME.c, with NAME_*.c beside it where it has more than one file.
xmmu-parts := $(foreach file,$(basename $(notdir $(sort $(wildcard $(XMMU_DIR)/sdk/parts/*.c)))), \
	$(if $(findstring _,$(file)),,$(file)))
xmmu-in-range := $(shell printf '%s\n' $(XMMU_KERNEL_MIN) $(VERSION).$(PATCHLEVEL) $(XMMU_KERNEL_MAX) | \
	sort -VC && echo y)
$(if $(xmmu-in-range)$(filter 1,$(XMMU_ANY_KERNEL)),,$(error $(xmmu-bad-kernel)))
$(foreach option,MMU_NOTIFIER HMM_MIRROR, \
	$(if $(CONFIG_$(option)),,$(error $(call xmmu-bad-config,$(option)))))

$(foreach part,$(filter-out $(xmmu-parts),$(XMMU_PARTS)),$(error $(call xmmu-bad-part,$(part))))

# ---- probes: one result file each, made again when kernel, configuration, compiler or flags change

XMMU_PROBES ?= $(XMMU_DIR)/sdk/compat/probes
xmmu-gen := $(obj)/generated
xmmu-probes := $(patsubst $(XMMU_PROBES)/%.c,%,$(sort $(wildcard $(XMMU_PROBES)/*.c)))
xmmu-results := $(xmmu-probes:%=$(xmmu-gen)/probes/%)
xmmu-kernel-id := $(shell { echo $(KERNELRELEASE); $(CC) --version; \
	cat $(objtree)/include/config/auto.conf $(objtree)/Module.symvers; } | cksum | tr ' ' -)

cmd_xmmu_probe = : $(xmmu-kernel-id); bash $(XMMU_DIR)/sdk/compat/probe $< $@ \
	$(objtree)/Module.symvers $(CC) $(filter-out -Wp$(comma)-MMD%,$(c_flags))

$(xmmu-results): part-of-module := y
$(xmmu-results): $(xmmu-gen)/probes/%: $(XMMU_PROBES)/%.c $(XMMU_DIR)/sdk/compat/probe FORCE
	$(call if_changed,xmmu_probe)

filechk_xmmu_features = bash $(XMMU_DIR)/sdk/compat/features $(xmmu-results)

$(xmmu-gen)/xmmu/features.h: $(xmmu-results) $(XMMU_DIR)/sdk/compat/features FORCE
	$(call filechk,xmmu_features)

# ---- the SDK's code: all of it in one translation unit

xmmu-sources := $(sort $(wildcard $(XMMU_DIR)/sdk/core/*.c \
	$(patsubst %,$(XMMU_DIR)/sdk/parts/%.c,$(XMMU_PARTS) $(XMMU_PARTS:=_*))))

filechk_xmmu_core = printf '\#include "%s"\n' $(xmmu-sources)

$(obj)/xmmu-core.c: FORCE
	$(call filechk,xmmu_core)

targets += xmmu-core.c generated/xmmu/features.h $(xmmu-probes:%=generated/probes/%)

$(addprefix $(obj)/,$($(XMMU_DRIVER)-y) $($(XMMU_DRIVER)-objs) xmmu-core.o): $(xmmu-gen)/xmmu/features.h
$(XMMU_DRIVER)-y += xmmu-core.o

# ---- flags

xmmu-token := $(subst -,_,$(XMMU_DRIVER))
xmmu-numbers := $(subst ., ,$(xmmu-version))

ccflags-y += -I$(xmmu-gen) $(addprefix -I$(XMMU_DIR)/,include include/uapi sdk/core sdk/compat)
ccflags-y += -fmacro-prefix-map=$(XMMU_DIR)/=
ccflags-y += -DXMMU_DRIVER_NAME='"$(XMMU_DRIVER)"' -DXMMU_TRACE_SYSTEM=$(xmmu-token)_xmmu
ccflags-y += -DXMMU_VERSION_MAJOR=$(word 1,$(xmmu-numbers))
ccflags-y += -DXMMU_VERSION_MINOR=$(word 2,$(xmmu-numbers))
ccflags-y += -DXMMU_VERSION_PATCH=$(word 3,$(xmmu-numbers))
ccflags-y += $(if $(filter 1,$(XMMU_DEBUG)),-DXMMU_DEBUG=1)
