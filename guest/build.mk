# init, process 1 of the guest: static, against musl.
# Included by the top Makefile; BUILD is where everything goes.

GUEST_CC      ?= musl-gcc
GUEST_CFLAGS  ?= -O2 -g
GUEST_SOURCES := bytes channel config init launch mounts program relay
GUEST_OBJECTS := $(GUEST_SOURCES:%=$(BUILD)/guest/%.o)

.PHONY: guest
guest: $(BUILD)/init

$(BUILD)/init: $(GUEST_OBJECTS)
	@echo "  LD    $@"
	$(Q)$(GUEST_CC) -static -Wl,--build-id=none -o $@.debug $^
	$(Q)strip -o $@ $@.debug

$(BUILD)/guest/%.o: guest/%.c
	@mkdir -p $(@D)
	@echo "  MUSL  $<"
	$(Q)$(GUEST_CC) -std=gnu11 -Wall -Wextra -Werror $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

-include $(GUEST_OBJECTS:.o=.d)
