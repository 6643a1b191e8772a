# The furca command. Included by the top Makefile; BUILD is where everything goes.

FURCA_VERSION ?= 0.1
HOST_CC       ?= cc
HOST_CFLAGS   ?= -O2 -g
HOST_SOURCES  := accel account doctor elf fail find help image libraries list log machine main options pack \
                 parts run session session_frames setup standard terminal tree
HOST_SHARED   := bytes channel relay
HOST_OBJECTS  := $(HOST_SOURCES:%=$(BUILD)/host/%.o) $(HOST_SHARED:%=$(BUILD)/host/guest-%.o)
HOST_COMPILE   = $(HOST_CC) -std=gnu11 -Wall -Wextra -Werror $(HOST_CFLAGS) -Iguest -DFURCA_VERSION='"$(FURCA_VERSION)"' \
                 -MMD -MP -c -o $@ $<

.PHONY: host
host: $(BUILD)/furca

$(BUILD)/furca: $(HOST_OBJECTS)
	@echo "  LD    $@"
	$(Q)$(HOST_CC) -o $@ $^ -larchive

$(BUILD)/host/guest-%.o: guest/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(HOST_COMPILE)

$(BUILD)/host/%.o: host/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(HOST_COMPILE)

-include $(HOST_OBJECTS:.o=.d)
