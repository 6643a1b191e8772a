# Furca: the kernel, the furca command, the guest's programs, tests and benchmarks.
#
#   make          build everything into $(BUILD)
#   make run      build, then the tour of examples in a microVM
#   make test     everything that CI runs
#   make check    formatter, warnings, static analysis, layers, unit tests
#   make install  the furca command with its kernel below $(PREFIX), /usr/local
#   make clean
#
# DEBUG=1 builds the checking kernel (UBSAN, stack protector, poisoned frees, lock assertions, invariants) into build-debug.
# What the build installs and how is in tools/install-packages.

ARCH  ?= x86_64
DEBUG ?= 0
ifeq ($(DEBUG),1)
BUILD ?= build-debug
else
BUILD ?= build
endif

CC := gcc

# V=1 shows whole commands.
V ?= 0
Q := $(if $(filter 0,$(V)),@)

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: all
all: kernel host guest examples tests-abi tests-programs

# --- the kernel ---------------------------------------------------------------------------------------------------

KERNEL := $(BUILD)/furca.elf

KERNEL_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wno-unused-parameter -Wframe-larger-than=1536
KERNEL_CPPFLAGS := -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) -isystem $(BUILD)/include-abi \
	-Ikernel -Ikernel/arch/include -Ikernel/arch/$(ARCH)/include -I$(BUILD)/generated -D__KERNEL_FURCA__ -DDEBUG_CHECKS=$(DEBUG)
KERNEL_CFLAGS_ARCH_x86_64 := -m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none -fno-pic -fno-pie
KERNEL_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -fno-delete-null-pointer-checks -fno-optimize-sibling-calls $(KERNEL_CFLAGS_ARCH_$(ARCH)) $(KERNEL_WARNINGS)
ifeq ($(DEBUG),1)
KERNEL_CFLAGS += -fsanitize=undefined -fno-sanitize=alignment,null -fstack-protector-strong -mstack-protector-guard=global \
	-Wframe-larger-than=3072
else
KERNEL_CFLAGS += -fno-stack-protector
endif

# Files for which the architecture brings something faster.
KERNEL_REPLACED_x86_64 := kernel/lib/mem.c
KERNEL_C := $(filter-out $(KERNEL_REPLACED_$(ARCH)), \
	$(shell find kernel -name '*.c' -not -path 'kernel/arch/*' | LC_ALL=C sort)) \
	$(shell find kernel/arch/$(ARCH) -name '*.c' | LC_ALL=C sort)
KERNEL_S := $(shell find kernel/arch/$(ARCH) -name '*.S' | LC_ALL=C sort)
KERNEL_OBJECTS := $(KERNEL_C:%.c=$(BUILD)/%.o) $(KERNEL_S:%.S=$(BUILD)/%.o)

SYSCALL_HEADER_x86_64 := /usr/include/x86_64-linux-gnu/asm/unistd_64.h
GENERATED := $(BUILD)/generated/syscall_prototypes.h $(BUILD)/generated/syscall_table.h

.PHONY: kernel
kernel: $(KERNEL)

# The exported headers of Linux and libbsd's list and tree macros, and nothing else of the host's.
$(BUILD)/include-abi/.stamp: | $(BUILD)/include-abi
	$(Q)ln -sfn /usr/include/linux $(BUILD)/include-abi/linux
	$(Q)ln -sfn /usr/include/asm-generic $(BUILD)/include-abi/asm-generic
	$(Q)ln -sfn /usr/include/x86_64-linux-gnu/asm $(BUILD)/include-abi/asm
	$(Q)ln -sfn /usr/include/bsd $(BUILD)/include-abi/bsd
	$(Q)mkdir -p $(BUILD)/include-abi/sys && printf '#define __BEGIN_DECLS\n#define __END_DECLS\n' > $(BUILD)/include-abi/sys/cdefs.h
	@touch $@
$(BUILD)/include-abi $(BUILD)/generated:
	@mkdir -p $@

$(BUILD)/generated/syscall_%.h: kernel/abi/syscalls.tbl tools/syscalls.awk | $(BUILD)/generated
	@echo "  GEN   $@"
	$(Q)awk -v arch=$(ARCH) -v make=$* -v header=$(SYSCALL_HEADER_$(ARCH)) -f tools/syscalls.awk kernel/abi/syscalls.tbl > $@

$(BUILD)/kernel/%.o: kernel/%.c $(BUILD)/include-abi/.stamp $(GENERATED) Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/kernel/%.o: kernel/%.S $(BUILD)/include-abi/.stamp Makefile
	@mkdir -p $(@D)
	@echo "  AS    $<"
	$(Q)$(CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS_ARCH_$(ARCH)) -g -D__ASSEMBLER__ -MMD -MP -c $< -o $@

include kernel/arch/$(ARCH)/build.mk

-include $(KERNEL_OBJECTS:.o=.d)

# --- the rest -----------------------------------------------------------------------------------------------------

-include host/build.mk guest/build.mk examples/build.mk tests/abi/build.mk tests/unit/build.mk tests/build.mk tools/check/build.mk bench/build.mk

.PHONY: run
run:
	@BUILD=$(BUILD) tools/install-packages
	@$(MAKE) -s --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) BUILD=$(BUILD) kernel host guest examples
	@BUILD=$(BUILD) tools/tour

# The furca command finds its kernel and init beside itself.
PREFIX ?= /usr/local
.PHONY: install
install: kernel host guest
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/furca
	$(Q)install -m 755 $(BUILD)/furca $(BUILD)/init $(DESTDIR)$(PREFIX)/lib/furca
	$(Q)install -m 644 $(KERNEL) $(DESTDIR)$(PREFIX)/lib/furca
	$(Q)ln -sfn ../lib/furca/furca $(DESTDIR)$(PREFIX)/bin/furca
	@echo "  INSTALL  $(DESTDIR)$(PREFIX)/bin/furca"

.PHONY: clean
clean:
	rm -rf build build-debug
