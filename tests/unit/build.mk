# Unit tests of the pure structures in kernel/lib, on the host, with gcc and with clang, under AddressSanitizer and
# UndefinedBehaviorSanitizer. `make unit` builds and runs all; UNIT_SEED=n repeats a run, UNIT_ROUNDS=n runs n times as long.
#
# Every test_NAME.c here becomes a program that is linked with kernel/lib. mem.c and string.c would take the place of the
# sanitizers' own functions, so they are compiled under other names (lib_names.h), for test_string alone.

BUILD ?= build

UNIT_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Ikernel -Itests/unit -DDEBUG_CHECKS=1

UNIT_LIB     := $(filter-out kernel/lib/mem.c kernel/lib/string.c,$(sort $(wildcard kernel/lib/*.c)))
UNIT_RENAMED := kernel/lib/mem.c kernel/lib/string.c
UNIT_TESTS   := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HEADERS := $(wildcard kernel/lib/*.h tests/unit/*.h)

UNIT_PROGRAMS := $(foreach compiler,gcc clang,$(UNIT_TESTS:tests/unit/%.c=$(BUILD)/unit/$(compiler)/%))

# test_format makes its formats at run time, and some are ones that compilers warn about.
$(foreach compiler,gcc clang,$(BUILD)/unit/$(compiler)/tests/unit/test_format.o): UNIT_WARNINGS := -Wno-format

define UNIT_RULES
$(BUILD)/unit/$(1)/%.o: %.c $(UNIT_HEADERS) tests/unit/build.mk
	@mkdir -p $$(@D)
	@echo "  UNIT  $$< ($(1))"
	$$(Q)$(1) $(UNIT_FLAGS) $$(UNIT_WARNINGS) -c $$< -o $$@
$(UNIT_RENAMED:%.c=$(BUILD)/unit/$(1)/%.o) $(BUILD)/unit/$(1)/tests/unit/test_string.o: \
$(BUILD)/unit/$(1)/%.o: %.c $(UNIT_HEADERS) tests/unit/build.mk
	@mkdir -p $$(@D)
	@echo "  UNIT  $$< ($(1))"
	$$(Q)$(1) $(UNIT_FLAGS) -fno-builtin -include tests/unit/lib_names.h -c $$< -o $$@
$(BUILD)/unit/$(1)/test_%: $(BUILD)/unit/$(1)/tests/unit/test_%.o $(BUILD)/unit/$(1)/tests/unit/unit.o \
		$(UNIT_LIB:%.c=$(BUILD)/unit/$(1)/%.o) $(UNIT_RENAMED:%.c=$(BUILD)/unit/$(1)/%.o)
	@echo "  LD    $$@"
	$$(Q)$(1) $(UNIT_FLAGS) $$^ -lcmocka -lpthread -o $$@
endef
$(foreach compiler,gcc clang,$(eval $(call UNIT_RULES,$(compiler))))

.SECONDARY: $(foreach compiler,gcc clang,$(UNIT_TESTS:%.c=$(BUILD)/unit/$(compiler)/%.o) $(BUILD)/unit/$(compiler)/tests/unit/unit.o \
	$(UNIT_LIB:%.c=$(BUILD)/unit/$(compiler)/%.o) $(UNIT_RENAMED:%.c=$(BUILD)/unit/$(compiler)/%.o))

# The last line of the output is "unit: N passed, N failed"; the numbers are also in $(BUILD)/unit/result.
.PHONY: unit
unit: $(UNIT_PROGRAMS)
	$(Q)tests/unit/run $(BUILD)/unit/result $(UNIT_PROGRAMS)
