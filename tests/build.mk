# The programs that tests/programs compares, and `make test`. Outputs: $(BUILD)/tests/programs/, $(BUILD)/test/.

PROGRAMS_OUT := $(BUILD)/tests/programs
PROGRAMS_TESTED := $(addprefix $(PROGRAMS_OUT)/,threads threads-static threads-musl processes processes-musl pty_drive)
PROGRAMS_COMPILE = $(1) -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-result -pthread $(2) -o $@ $<

.PHONY: tests-programs test
tests-programs: $(PROGRAMS_TESTED)

$(PROGRAMS_OUT)/%-static: tests/programs/%.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(call PROGRAMS_COMPILE,$(CC),-static)

$(PROGRAMS_OUT)/%-musl: tests/programs/%.c
	@mkdir -p $(@D)
	@echo "  MUSL  $@"
	$(Q)$(call PROGRAMS_COMPILE,musl-gcc,-static)

$(PROGRAMS_OUT)/%: tests/programs/%.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(call PROGRAMS_COMPILE,$(CC),)

# Everything that CI runs. TEST=PART... runs some parts only; tests/run names them.
test:
	@BUILD=$(BUILD) tests/run $(TEST)
