# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The one entry point of the tree.
#
#   make                builds the library: shared, static, freestanding core
#   make run            the main job, in C and in Rust, on real device trees
#   make check          every test tier; ends with "N passed, N failed"
#   make check-linux    the page tables against Linux's own
#   make bench          page tables against Linux's own, memory for code
#                       against asmjit's, in nanoseconds
#   make check-long     the models and the races for as long as a night
#   make fuzz           hostile inputs, for SECONDS=60; findings in build/fuzz
#   make coverage       which lines of src/ the unit tests reach
#   make abi-check      the ABI against the baseline in abi/
#   make abi-baseline   a new baseline, WHY="the reason"
#   make docs           the reference of the C headers and of the crates
#   make install        to DESTDIR, below PREFIX; `make uninstall` undoes it
#   make clean          removes build/
#   make help           this
#
# Settings, on the command line or in the environment:
#
#   CC CFLAGS CPPFLAGS LDFLAGS AR     the usual ones; CFLAGS replaces -O2 -g
#   CROSS_COMPILE=aarch64-linux-gnu-  a prefix for CC and AR
#   PREFIX LIBDIR DESTDIR             where `install` puts things
#   BUILD=dir                         where the library goes, instead of build
#                                     (`run`, `docs` and `check` keep to build)
#   CHECKED=1                         a library that catches misuse of handles
#   SANITIZE=address,undefined        ... and of memory
#   WERROR=1                          a warning is an error
#   FORMATS="arm64-s1"                the page-table formats that are built in,
#                                     instead of all; the others are plugins
#   DTB=path GRANULE=4k|16k|64k       `make run` on a tree of your own

VERSION := 0.1.0
# The name that programs record, which stays for as long as the ABI does.
SONAME  := libiomm.so.0

BUILD  ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib

# CC and AR have a value built into make, which is not a wish of the user's.
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)$(if $(CROSS_COMPILE),gcc,cc)
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif

CFLAGS ?= -O2 -g
DTC    ?= dtc

# ---------------------------------------------------------------- sources ---

# The core is freestanding: it asks its host for everything, through hooks.
CORE_DIRS   := base pgtable ioasid device device/acpi domain alloc
# The rest needs an operating system below it.
HOSTED_DIRS := platform device/firmware alloc/hosted pgtable/codec plugin \
	       backend

# Page-table formats: built into the library, or else plugins beside it.
ALL_FORMATS := $(subst _,-,$(shell sed -n \
	       's/^\tFORMAT(\([a-z0-9_]*\)).*/\1/p' src/pgtable/format.h))
FORMATS     ?= $(ALL_FORMATS)
PLUGINS     := $(filter-out $(FORMATS),$(ALL_FORMATS))
format_src   = $(patsubst %,src/pgtable/%.c,$(subst -,_,$(1)))
ifneq ($(filter-out $(ALL_FORMATS),$(FORMATS))$(if $(strip $(FORMATS)),,none),)
$(error FORMATS is one or more of: $(ALL_FORMATS))
endif

sources      = $(foreach dir,$(1),$(sort $(wildcard src/$(dir)/*.c)))
CORE_SRC    := $(filter-out $(call format_src,$(PLUGINS)),\
	       $(sort $(wildcard src/*.c)) $(call sources,$(CORE_DIRS)))
LIB_SRC     := $(CORE_SRC) $(call sources,$(HOSTED_DIRS))
HEADERS     := $(sort $(wildcard include/iomm/*.h))
# What a format that is compiled outside the tree needs of it.
ENGINE_HEADERS := $(shell sed /^\#/d src/pgtable/engine_headers.txt)
ENGINE_VERSION := $(BUILD)/engine/pgtable/engine_version.h
# A file of examples/ is a program, and so is a folder.
EXAMPLE_NAMES := $(patsubst examples/%.c,%,$(wildcard examples/*.c)) \
		 $(filter-out plugins,$(patsubst examples/%/,%,\
		   $(sort $(dir $(wildcard examples/*/*.c)))))
EXAMPLES    := $(EXAMPLE_NAMES:%=$(BUILD)/examples/%)
EXAMPLE_PLUGINS := $(subst _,-,$(patsubst %.c,$(BUILD)/%.so,\
		   $(wildcard examples/plugins/*.c)))
TREES       := $(patsubst tests/data/%.dts,build/data/%.dtb,\
	       $(wildcard tests/data/*.dts))
UNIT_TESTS  := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
UNIT_SHARED := $(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c))
# The plugins that the tests need; each CASE_* of the file is one.
TEST_PLUGINS := $(patsubst %,$(BUILD)/plugins-test/%.so,good two stays resident \
	        wrong_abi wrong_engine wrong_flags no_info no_init unresolved \
	        init_fails init_says no_format self_test second_fails \
	        second_exists)
FUZZERS     := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
MODEL_SRC   := $(wildcard tests/model/*.c)
# Each fault_*.c and race_*.c is a program; the others are their harnesses.
STRESS_TESTS  := $(patsubst tests/%.c,$(BUILD)/%,\
		 $(wildcard tests/stress/fault_*.c tests/stress/race_*.c))
STRESS_SHARED := $(filter-out tests/stress/fault_%.c tests/stress/race_%.c,\
		 $(wildcard tests/stress/*.c))

LIB_OBJ         := $(LIB_SRC:src/%.c=$(BUILD)/lib/%.o)
CORE_OBJ        := $(CORE_SRC:src/%.c=$(BUILD)/core/%.o)
UNIT_SHARED_OBJ := $(UNIT_SHARED:tests/%.c=$(BUILD)/%.o)
MODEL_OBJ       := $(MODEL_SRC:tests/%.c=$(BUILD)/%.o)
STRESS_SHARED_OBJ := $(STRESS_SHARED:tests/%.c=$(BUILD)/%.o)
PLUGIN_LIBS     := $(PLUGINS:%=$(BUILD)/iomm/%.so)
PLUGIN_OBJ      := $(foreach f,$(subst -,_,$(PLUGINS)),\
		   $(BUILD)/plugin/$(f).o $(BUILD)/plugin/$(f).entry.o)
example_objects  = $(patsubst %.c,$(BUILD)/obj/%.o,\
		   $(wildcard examples/$(1).c examples/$(1)/*.c))
# What the loader loads.
MODULES         := $(patsubst examples/loader/module/%.c,build/modules/%.o,\
		   $(wildcard examples/loader/module/*.c))
EXAMPLE_OBJ     := $(foreach name,$(EXAMPLE_NAMES),$(call example_objects,$(name)))
OBJ             := $(LIB_OBJ) $(CORE_OBJ) $(UNIT_SHARED_OBJ) $(MODEL_OBJ) \
		   $(STRESS_SHARED_OBJ) $(STRESS_TESTS:=.o) \
		   $(UNIT_TESTS:=.o) $(EXAMPLE_OBJ) $(PLUGIN_OBJ) \
		   $(BUILD)/fuzz/support.o $(FUZZERS:=.o) $(FUZZERS:=.planted.o)

# ------------------------------------------------------------------ flags ---

# A setting of 0 is as good as none.
on        = $(filter-out 0,$(1))
sanitize  = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
# The user's flags come last, so that they win.
cflags    = -std=c11 -Wall -Wextra -Wconversion $(if $(call on,$(WERROR)),-Werror) \
	    -MD -MP $(sanitize) $(CFLAGS)
cppflags  = $(if $(call on,$(CHECKED)),-DIOMM_CHECKED=1) $(chosen) -Iinclude \
	    -I$(BUILD)/engine $(CPPFLAGS)
ldflags   = $(sanitize) $(LDFLAGS)
LIBS     := -lfdt -lpthread -ldl

# Lists of formats, as format.h has one of all.
format_list = '-D$(1)(FORMAT)=$(patsubst %,FORMAT(%),$(subst -,_,$(2)))'
chosen      = $(if $(PLUGINS),$(call format_list,IOMM_FORMATS,$(FORMATS)) \
	      $(call format_list,IOMM_FORMAT_PLUGINS,$(PLUGINS)))

# Position-independent, so that one set of objects serves both libraries.
lib_cflags  := -fPIC -fvisibility=hidden
# The core goes where there may be neither a C library nor a thread pointer,
# but perhaps a linker that makes position-independent programs.
core_cflags := $(lib_cflags) -ffreestanding -fno-stack-protector

# GNU ld takes a name in a version script that the library lacks for an
# intention, unless told otherwise. Not every linker knows this flag.
undefined_version = $(shell $(CC) -shared -nostdlib -x c /dev/null \
	-o /dev/null -Wl,--no-undefined-version 2>/dev/null \
	&& echo -Wl,--no-undefined-version)

# ---------------------------------------------------------------- targets ---

.PHONY: help all lib core examples trees unit model stress fuzzers run \
	run-programs check check-long fuzz coverage abi-check abi-baseline docs \
	install uninstall clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:
# Nothing of make's own follows the output of `make run`.
MAKEFLAGS += --no-print-directory

all: lib
lib: $(BUILD)/libiomm.so $(BUILD)/libiomm.a core $(BUILD)/pkgconfig/libiomm.pc \
	$(BUILD)/pkgconfig/libiomm-engine.pc $(PLUGIN_LIBS)
core: $(BUILD)/libiomm-core.a $(BUILD)/pkgconfig/libiomm-core.pc
examples: $(EXAMPLES) $(MODULES) $(EXAMPLE_PLUGINS)
trees: $(TREES)
unit: $(UNIT_TESTS) $(TEST_PLUGINS) trees
fuzzers: $(FUZZERS) $(FUZZERS:=.planted)
model: $(BUILD)/model/run
stress: $(STRESS_TESTS) trees

# The setup may bring the very tools that the next step is built with, so each
# step is a make of its own.
run:
	@tools/setup.sh run
	@$(MAKE) run-programs BUILD=build
	@tools/run-drivers.sh

run-programs: lib examples trees
	@tools/cargo.sh build --locked --release -p iomm \
		--example driver --example hotplug --example jit
	@tools/cargo.sh build --locked --release -p riscv-gstage

check:
	@tools/setup.sh check
	@tests/check.sh

check-long:
	@tools/setup.sh check
	@tests/long.sh

# `SECONDS` is a variable of bash's too, so it goes as an argument.
fuzz:
	@tools/setup.sh check
	@tools/fuzz.sh $(or $(SECONDS),60)

coverage:
	@tools/setup.sh check
	@tools/coverage.sh

abi-check:
	@tools/setup.sh check
	@tools/abi.py check

abi-baseline:
	@tools/setup.sh check
	@tools/abi.py baseline '$(subst ','\'',$(WHY))'

docs:
	@tools/setup.sh docs
	@$(MAKE) lib BUILD=build
	@mkdir -p build/docs
	doxygen docs/Doxyfile
	RUSTDOCFLAGS='-D warnings' tools/cargo.sh doc --locked --no-deps
	@ln -sfn ../rust/doc build/docs/rust
	@echo 'C: build/docs/c/index.html; Rust: build/docs/rust/iomm/index.html'

clean:
	rm -rf build

help:
	@sed -n '/^#   make/,/^$$/s/^# \{0,1\}//p' Makefile

# What the objects were made with. When a setting changes they are made anew; but
# what was made with WERROR=1 is as good without.
settings = $(CC) $(cflags) $(cppflags) $(ldflags)
made    := $(strip $(file <$(BUILD)/settings))
ifneq ($(made),$(strip $(settings)))
ifneq ($(made),$(strip $(foreach WERROR,1,$(settings))))
$(BUILD)/settings: FORCE
endif
endif
$(BUILD)/settings:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(settings))' > $@

$(OBJ): $(BUILD)/settings | $(ENGINE_VERSION)

# A number of its own for each version of the template, which a format that was
# compiled with it has to have; never 0. The crates' build.rs does the same sum.
$(ENGINE_VERSION): $(ENGINE_HEADERS:%=src/%) $(BUILD)/settings
	@mkdir -p $(@D)
	@{ cat $(ENGINE_HEADERS:%=src/%); \
		echo '$(if $(call on,$(CHECKED)),checked)'; } | cksum | \
		sed 's/^\([0-9]*\) .*/#define IOMM_ENGINE_VERSION (\1u | 1u)/' >$@

$(BUILD)/lib/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(lib_cflags) $(cppflags) -Isrc $(cflags) -c $< -o $@

$(BUILD)/core/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(core_cflags) $(cppflags) -Isrc $(cflags) -c $< -o $@

# Made from nothing, so that no member outlives its source.
$(BUILD)/libiomm.a: $(LIB_OBJ)
$(BUILD)/libiomm-core.a: $(CORE_OBJ)
$(BUILD)/libiomm.a $(BUILD)/libiomm-core.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libiomm.so.$(VERSION): $(LIB_OBJ) abi/libiomm.map
	$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs \
		-Wl,--version-script=abi/libiomm.map $(undefined_version) \
		$(ldflags) -o $@ $(LIB_OBJ) $(LIBS)

$(BUILD)/$(SONAME): $(BUILD)/libiomm.so.$(VERSION)
	@ln -sf $(<F) $@
$(BUILD)/libiomm.so: $(BUILD)/$(SONAME)
	@ln -sf $(<F) $@

# A format that is not built in: its file, as it is, and an entry point.
$(BUILD)/plugin/%.entry.o: src/plugin/entry/format.c
	@mkdir -p $(@D)
	$(CC) $(lib_cflags) $(cppflags) -Isrc -DPLUGIN_FORMAT=$* $(cflags) \
		-c $< -o $@
$(BUILD)/plugin/%.o: src/pgtable/%.c
	@mkdir -p $(@D)
	$(CC) $(lib_cflags) $(cppflags) -Isrc $(cflags) -c $< -o $@
.SECONDEXPANSION:
$(PLUGIN_LIBS): $(BUILD)/iomm/%.so: $$(BUILD)/plugin/$$(subst -,_,$$*).o \
		$$(BUILD)/plugin/$$(subst -,_,$$*).entry.o
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-z,defs $(ldflags) -o $@ $^

# For programs in this tree: the crates find the library that was just built.
$(BUILD)/pkgconfig/%.pc: pkgconfig/%.pc.in Makefile
	@mkdir -p $(@D)
	@sed -e 's|@prefix@|$(CURDIR)|; s|@libdir@|$(abspath $(BUILD))|' \
		-e 's|@version@|$(VERSION)|' \
		-e 's|@enginedir@|$(CURDIR)/src -I$(abspath $(BUILD))/engine|' \
		-e 's|@checked@|$(if $(call on,$(CHECKED)),-DIOMM_CHECKED=1)|' \
		$< > $@

# Examples see what a user sees: the public headers and the shared library.
$(BUILD)/obj/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) $(cflags) -c $< -o $@
$(foreach name,$(EXAMPLE_NAMES),\
	$(eval $(BUILD)/examples/$(name): $(call example_objects,$(name))))
$(EXAMPLES): $(BUILD)/libiomm.so
	@mkdir -p $(@D)
	$(CC) $(ldflags) -o $@ $(filter %.o,$^) -L$(BUILD) -liomm \
		$(example_libs) -Wl,-rpath,'$$ORIGIN/..'
$(BUILD)/examples/loader: example_libs := -lelf

# Modules have no library, and nothing that a library would have to set up.
build/modules/%.o: examples/loader/module/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -Wall -Wextra -O2 -ffreestanding -fpie \
		-fno-stack-protector -fno-asynchronous-unwind-tables -c $< -o $@

$(EXAMPLE_PLUGINS): $(BUILD)/examples/plugins/%.so: \
		examples/plugins/$$(subst -,_,$$*).c $(BUILD)/settings \
		$(ENGINE_VERSION) $(ENGINE_HEADERS:%=src/%)
	@mkdir -p $(@D)
	$(CC) -shared $(lib_cflags) $(cppflags) -Isrc -Wl,-z,defs $(cflags) \
		$(ldflags) -o $@ $<

# Unit tests reach inside, so they take the static library.
$(BUILD)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Isrc -Itests $(cflags) -c $< -o $@
$(UNIT_TESTS): %: %.o $(UNIT_SHARED_OBJ) $(BUILD)/libiomm.a
	$(CC) $(ldflags) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/unit/test_plugin: | $(TEST_PLUGINS)
$(TEST_PLUGINS): $(BUILD)/plugins-test/%.so: tests/plugins/case.c \
		tests/unit/codec_arm64.c $(BUILD)/settings | $(ENGINE_VERSION)
	@mkdir -p $(@D)
	$(CC) -shared $(lib_cflags) $(cppflags) -Itests -DCASE_$* \
		-DCASE='"$*"' $(cflags) \
		$(ldflags) -o $@ $(filter %.c,$^)

# The judges reach inside too, and use what the unit tests share.
$(BUILD)/model/%.o: tests/model/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Isrc -Itests $(cflags) -c $< -o $@
$(BUILD)/model/run: $(MODEL_OBJ) $(UNIT_SHARED_OBJ) $(BUILD)/libiomm.a
	$(CC) $(ldflags) -o $@ $^ -lcmocka $(LIBS)
$(BUILD)/stress/%.o: tests/stress/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Isrc -Itests $(cflags) -c $< -o $@
$(STRESS_TESTS): %: %.o $(STRESS_SHARED_OBJ) $(BUILD)/model/ranges.o \
		$(UNIT_SHARED_OBJ) $(BUILD)/libiomm.a
	$(CC) $(ldflags) -o $@ $^ -lcmocka $(LIBS)

# Fuzz targets, with SANITIZE=fuzzer-no-link and more: the library is watched
# like the target, and only the target gets libFuzzer's main(). Each is built
# once more with a mistake planted in it, for the proof that it is found.
$(BUILD)/fuzz/%.planted.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -DFUZZ_PLANTED=1 -Itests $(cflags) -c $< -o $@
$(BUILD)/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Itests $(cflags) -c $< -o $@
$(FUZZERS) $(FUZZERS:=.planted): %: %.o $(BUILD)/fuzz/support.o \
		$(BUILD)/unit/codec_arm64.o $(BUILD)/libiomm.a
	$(CC) -fsanitize=fuzzer $(ldflags) -o $@ $^ $(LIBS)

# The trees that QEMU wrote have numbers for references, which dtc warns of.
build/data/%.dtb: tests/data/%.dts
	@mkdir -p $(@D)
	$(DTC) $(if $(filter qemu-%,$*),-q) -O dtb -o $@ $<

# ---------------------------------------------------------------- install ---

install_pc = sed -e 's|@prefix@|$(PREFIX)|; s|@version@|$(VERSION)|' \
	-e 's|@enginedir@|$${includedir}/iomm/engine|' \
	-e 's|@checked@|$(if $(call on,$(CHECKED)),-DIOMM_CHECKED=1)|' \
	-e 's|@libdir@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
	pkgconfig/$(1).in > $(DESTDIR)$(LIBDIR)/pkgconfig/$(1)

install: lib
	install -d $(DESTDIR)$(PREFIX)/include/iomm \
		$(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 $(HEADERS) $(DESTDIR)$(PREFIX)/include/iomm
	install -m 755 $(BUILD)/libiomm.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libiomm.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libiomm.so
	install -m 644 $(BUILD)/libiomm.a $(BUILD)/libiomm-core.a \
		$(DESTDIR)$(LIBDIR)
	$(call install_pc,libiomm.pc)
	$(call install_pc,libiomm-core.pc)
	$(call install_pc,libiomm-engine.pc)
	install -d $(DESTDIR)$(PREFIX)/include/iomm/engine/base \
		$(DESTDIR)$(PREFIX)/include/iomm/engine/pgtable \
		$(DESTDIR)$(LIBDIR)/iomm
	set -e; for header in $(ENGINE_HEADERS); do \
		install -m 644 src/$$header \
			$(DESTDIR)$(PREFIX)/include/iomm/engine/$$header; done
	install -m 644 $(ENGINE_VERSION) \
		$(DESTDIR)$(PREFIX)/include/iomm/engine/pgtable
	$(if $(PLUGINS),install -m 755 $(PLUGIN_LIBS) $(DESTDIR)$(LIBDIR)/iomm)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/include/iomm
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libiomm.so.$(VERSION) $(SONAME) \
		libiomm.so libiomm.a libiomm-core.a \
		pkgconfig/libiomm.pc pkgconfig/libiomm-core.pc \
		pkgconfig/libiomm-engine.pc $(ALL_FORMATS:%=iomm/%.so))
	if [ -d $(DESTDIR)$(LIBDIR)/iomm ]; then \
		rmdir --ignore-fail-on-non-empty $(DESTDIR)$(LIBDIR)/iomm; fi

include bench/bench.mk

-include $(OBJ:.o=.d)
