# The programs of the tour: one static program per source. Outputs: $(BUILD)/examples/.
BUILD ?= build
EXAMPLE_SOURCES := $(wildcard examples/*.c)
EXAMPLE_PROGRAMS := $(EXAMPLE_SOURCES:examples/%.c=$(BUILD)/examples/%)
EXAMPLE_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror

.PHONY: examples examples-native
examples: $(EXAMPLE_PROGRAMS) $(BUILD)/examples/tour.list

$(BUILD)/examples/%: examples/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(EXAMPLE_CFLAGS) -static -o $@ $<

$(BUILD)/examples/tour.list: examples/tour.list
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The examples' own test, on Linux itself.
examples-native: examples
	tests/abi/examples.sh $(BUILD)/examples
