# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Part of the Makefile: benchmarks, the test against Linux, and what both are
# linked with, Linux's page tables.

# --------------------------------------------------- Linux in user space ---

PEER     := bench/peer-linux
PEER_OUT := $(BUILD)/peer-linux
PEER_OBJ := $(PEER_OUT)/linux.o $(PEER_OUT)/linux-nofence.o
PEER_SRC := $(PEER_OUT)/source/io-pgtable.c $(PEER_OUT)/source/io-pgtable-arm.c

# The kernel's own flags, as far as the code that they make differs.
peer_cflags    = -O2 -g -std=gnu11 -fno-strict-aliasing -fno-strict-overflow \
	-fno-delete-null-pointer-checks -mgeneral-regs-only \
	-fno-stack-protector $(peer_x86)
peer_x86       = $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),\
	-fcf-protection=none)
peer_cppflags := -DCONFIG_IOMMU_IO_PGTABLE_LPAE -I$(PEER_OUT)/source/include \
	-I$(PEER) -include stand_ins.h
OBJCOPY       ?= $(CROSS_COMPILE)objcopy

$(PEER_OUT)/source/extracted: $(PEER)/extract.sh bench/kernel-source.sh
	@$< $(@D)

# One object, in which only our interface is to be seen: there are two of them.
$(PEER_OBJ): $(PEER)/linux.c $(PEER)/linux.h $(PEER)/stand_ins.h \
		$(PEER_OUT)/source/extracted $(BUILD)/settings bench/bench.mk
	$(CC) $(peer_cppflags) $(if $(findstring nofence,$@),-DPEER_NO_FENCE) \
		$(peer_cflags) -fno-pie -r -nostdlib -o $@ \
		$(PEER_SRC) $(PEER)/linux.c
	$(OBJCOPY) $(if $(findstring nofence,$@),\
		--redefine-sym linux_table_open=linux_nofence_open \
		--redefine-sym linux_table_close=linux_nofence_close \
		-G linux_nofence_open -G linux_nofence_close,\
		-G linux_table_open -G linux_table_close -G linux_warnings) $@

# The kernel's xarray and IDA, on the scaffold of its own tests, but optimised
# and without sanitizers.
XARRAY       := bench/peer-xarray
XARRAY_OUT   := $(BUILD)/peer-xarray
XARRAY_OBJ   := $(XARRAY_OUT)/xarray.o
XARRAY_SRC   := $(XARRAY)/xarray.c \
	$(addprefix $(XARRAY_OUT)/source/,generated/radix-tree.c generated/idr.c \
	tools/testing/shared/linux.c $(addprefix tools/lib/,slab.c find_bit.c \
	bitmap.c hweight.c vsprintf.c))
xarray_cflags   = -O2 -g -std=gnu11 -fno-strict-aliasing -w
xarray_cppflags := -D_LGPL_SOURCE -I$(XARRAY_OUT)/source \
	$(addprefix -I$(XARRAY_OUT)/source/,tools/testing/shared generated \
	tools/include lib)

$(XARRAY_OUT)/source/extracted: $(XARRAY)/extract.sh bench/kernel-source.sh
	@$< $(@D)

$(XARRAY_OBJ): $(XARRAY)/xarray.c $(XARRAY)/xarray.h \
		$(XARRAY_OUT)/source/extracted $(BUILD)/settings bench/bench.mk
	$(CC) $(xarray_cppflags) $(xarray_cflags) -fno-pie -r -nostdlib -o $@ \
		$(XARRAY_SRC)
	$(OBJCOPY) --wildcard -G 'linux_id*' $@

# ------------------------------------------------------------- programs ---

BENCH          := $(BUILD)/bench/bench
BENCH_OBJ      := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c)) \
	$(BUILD)/bench/alloc_asmjit.o
LINUX_TEST     := $(BUILD)/tests/linux/differential
LINUX_TEST_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/linux/*.c)) \
	$(BUILD)/bench/pool.o

OBJ += $(BENCH_OBJ) $(LINUX_TEST_OBJ)
$(BENCH_OBJ) $(LINUX_TEST_OBJ): $(BUILD)/settings

# Inside for one thing that no call does: a table without vectors.
$(BUILD)/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Isrc $(cflags) -c $< -o $@
# A peer that is C++; nothing else here is.
bench_cxxflags := -std=c++17 -O2 -g -Wall -Wextra -fno-exceptions
$(BUILD)/bench/%.o: bench/%.cc
	@mkdir -p $(@D)
	$(CXX) $(bench_cxxflags) -MD -MP -c $< -o $@
$(BUILD)/tests/linux/%.o: tests/linux/%.c
	@mkdir -p $(@D)
	$(CC) $(cppflags) -Ibench $(cflags) -c $< -o $@

# The static library, so that calls are as direct as Linux's; no PIE, since the
# kernel's code is none.
$(BENCH): $(BENCH_OBJ) $(PEER_OBJ) $(XARRAY_OBJ) $(BUILD)/libiomm.a
$(BENCH): BENCH_LIBS := -lasmjit -lrt -lstdc++ -lurcu
$(LINUX_TEST): $(LINUX_TEST_OBJ) $(PEER_OUT)/linux.o $(BUILD)/libiomm.a
$(BENCH) $(LINUX_TEST):
	$(CC) $(ldflags) -no-pie -o $@ $^ $(BENCH_LIBS) $(LIBS)

# -------------------------------------------------------------- targets ---

.PHONY: bench bench-programs check-linux check-linux-programs

bench:
	@tools/setup.sh bench
	@$(MAKE) bench-programs
	@CC='$(CC)' bench/run.sh $(BUILD)

bench-programs: $(BENCH)
	@printf '%s\n' 'ours: $(CC) $(lib_cflags) $(cflags)' \
		'page tables of Linux: $(CC) $(peer_cflags) -fno-pie' \
		'xarray of Linux: $(CC) $(xarray_cflags) -fno-pie' \
		'asmjit: as its package has it; $(CXX) $(bench_cxxflags)' \
		> $(BUILD)/bench/flags

check-linux:
	@tools/setup.sh check-linux
	@$(MAKE) check-linux-programs
	@tests/linux/check-linux.sh $(BUILD)

check-linux-programs: $(LINUX_TEST)
