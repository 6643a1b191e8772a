# The behaviour tests: one static runner with every family linked in, built with glibc and with musl,
# and the helper program that the exec cases start. Outputs: $(BUILD)/tests/abi/.
BUILD ?= build
ABI_DIR := tests/abi
ABI_OUT := $(BUILD)/tests/abi
ABI_OBJ := $(BUILD)/obj/tests/abi
ABI_SOURCES := $(filter-out $(ABI_DIR)/helper.c,$(wildcard $(ABI_DIR)/*.c))
# What the cases do on purpose: bad addresses, bad sizes, names that are too long.
ABI_DELIBERATE := -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-nonnull \
	-Wno-format-truncation
ABI_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror \
	-fno-omit-frame-pointer -fno-toplevel-reorder -pthread -MMD -MP $(ABI_DELIBERATE)
ABI_MUSL_CFLAGS := $(ABI_CFLAGS) -idirafter /usr/include/x86_64-linux-gnu -idirafter /usr/include
ABI_GLIBC_OBJECTS := $(ABI_SOURCES:$(ABI_DIR)/%.c=$(ABI_OBJ)/glibc/%.o)
ABI_MUSL_OBJECTS := $(ABI_SOURCES:$(ABI_DIR)/%.c=$(ABI_OBJ)/musl/%.o)
ABI_PROGRAMS := $(ABI_OUT)/runner $(ABI_OUT)/helper $(ABI_OUT)/runner-musl $(ABI_OUT)/helper-musl

.PHONY: tests-abi tests-abi-native
tests-abi: $(ABI_PROGRAMS)

$(ABI_OBJ)/glibc/%.o: $(ABI_DIR)/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ABI_CFLAGS) -c -o $@ $<

$(ABI_OBJ)/musl/%.o: $(ABI_DIR)/%.c
	@mkdir -p $(@D)
	@echo "  MUSL  $<"
	$(Q)musl-gcc $(ABI_MUSL_CFLAGS) -c -o $@ $<

$(ABI_OUT)/runner: $(ABI_GLIBC_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) -static -pthread -o $@ $^ -lrt -lutil

$(ABI_OUT)/helper: $(ABI_OBJ)/glibc/helper.o
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) -static -o $@ $^

$(ABI_OUT)/runner-musl: $(ABI_MUSL_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)musl-gcc -static -pthread -o $@ $^

$(ABI_OUT)/helper-musl: $(ABI_OBJ)/musl/helper.o
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)musl-gcc -static -o $@ $^

# The oracle: every case passes on Linux itself.
tests-abi-native: $(ABI_PROGRAMS)
	$(ABI_OUT)/runner
	$(ABI_OUT)/runner-musl

-include $(wildcard $(ABI_OBJ)/*/*.d)
