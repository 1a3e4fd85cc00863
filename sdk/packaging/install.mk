# SPDX-License-Identifier: GPL-2.0-only
# Verbs that put the SDK elsewhere: into a system, into an archive, into packages.

#: PREFIX=dir       where make install puts things (/usr), below DESTDIR; LIBDIR: libraries (PREFIX/lib)
PREFIX ?= /usr
export DESTDIR LIBDIR

# The tools that are installed: NAME.tool is where one is. Each has a man page.
sdk-tools := xmmu-lint xmmu-new-driver
xmmu-lint.tool := sdk/lint/check
xmmu-new-driver.tool := templates/new-driver
sample-tools := $(notdir $(sample-programs))
$(foreach tool,$(sample-tools),$(eval $(tool).tool := build/user/$(tool)))

man-pages := $(patsubst %,build/man/%.1,$(sdk-tools) $(sample-tools))
$(foreach tool,$(sdk-tools) $(sample-tools),$(eval build/man/$(tool).1: $($(tool).tool)))
$(man-pages): build/man/%.1: sdk/packaging/man VERSION
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$(Q)sdk/packaging/man $* $($*.tool) >$@

hosted-archive := build/lib/libxmmu-hosted.a
$(hosted-archive): $(hosted-kernel) $(filter-out build/hosted/tests/%,$(hosted-objects))
	$(call say,AR,$@)
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

.PHONY: install install-samples sdk-builds samples-builds uninstall dist
sdk-builds: $(hosted-archive) build/hosted/two-pass/xmmu/features.h $(sdk-tools:%=build/man/%.1)
samples-builds: $(sample-programs) $(sample-tools:%=build/man/%.1)

install: deps-install ## install the SDK for drivers that live elsewhere
	$(Q)$(parallel) sdk-builds
	$(call say,INSTALL,$(DESTDIR)$(PREFIX)/share/xmmu)
	$(Q)sdk/packaging/install sdk '$(PREFIX)'

install-samples: deps-install ## install the sample drivers for DKMS, with their programs
	$(Q)$(parallel) samples-builds
	$(call say,INSTALL,$(DESTDIR)$(PREFIX)/src/xmmu-samples-$(file <VERSION))
	$(Q)sdk/packaging/install samples '$(PREFIX)'

uninstall: ## remove what install and install-samples have put there
	$(call say,REMOVE,$(DESTDIR)$(PREFIX))
	$(Q)sdk/packaging/install --remove '$(PREFIX)'

# ---- the archive of a release: of a commit, so its bytes depend on nothing else

dist: ## make an archive of the sources of HEAD, build/xmmu-VERSION.tar.xz
	$(Q)[[ -e .git ]] || { echo "make dist: this is no clone of the repository" >&2; exit 1; }
	$(Q)[[ -z "$$(git status --porcelain)" ]] || echo "make dist: what is not committed is left out" >&2
	@mkdir -p build
	$(Q)version=$$(git show HEAD:VERSION); \
	out=build/xmmu-$$version.tar.xz; \
	git -c tar.umask=0022 archive --format=tar --prefix="xmmu-$$version/" HEAD | xz -T1 -9 >$$out; \
	sha256sum $$out

# ---- modules for kernels that load signed ones only

#: KEY= CERT=       what make sign signs with: a private key and its certificate
signed := $(patsubst %/Kbuild,sign/%,$(wildcard sample-drivers/*/Kbuild))

.PHONY: sign $(signed)
sign: $(signed) ## build the sample drivers and sign them, into signed/ beside each

$(signed): sign/%: deps-build
	$(Q)$(MAKE) -C $* sign KDIR=$(headers) XMMU_DIR=$(CURDIR) \
		O=$(CURDIR)/build/$(kernel-name)/$(flavor)/$(notdir $*)

# ---- packages, built in a copy of what git knows or would take

debian := build/deb/xmmu

.PHONY: deb test-packages deps-deb deps-packages
deps-deb:
	@$(call deps,build docs deb)

deps-packages:
	@$(call deps,packages)

deb: deps-deb ## build Debian packages of the SDK, the samples and the manual in build/deb
	$(Q)rm -rf build/deb && mkdir -p $(debian)
	$(Q)git ls-files -co --exclude-standard | while read -r file; do \
		[[ ! -f $$file ]] || echo "$$file"; done | xargs cp -P --parents -t $(debian)
	$(Q)cp -r sdk/packaging/debian $(debian)
	$(Q)sdk/packaging/debian-changelog >$(debian)/debian/changelog
	$(call say,DEB,build/deb)
	$(Q)cd $(debian) && dpkg-buildpackage --build=binary --no-sign >../log 2>&1 || \
		{ tail -n 20 ../log; echo "the whole log: build/deb/log"; exit 1; }
	$(Q)lintian --allow-root --fail-on error,warning build/deb/*.changes
	$(Q)ls build/deb/*.deb

test-packages: deb deps-packages ## install, upgrade and remove the packages in a clean Debian (root only)
	$(Q)tests/packaging/debian.t
