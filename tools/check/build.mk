# `make check`: what holds the conventions. Each step is a target of its own (check-format, check-layers …), is silent when all is well,
# and prints FILE:LINE when it is not; `make -k check` goes on after the first offence. `make check-all` adds the slow part
# of clang-tidy, the analyzer (about a minute and a half).

BUILD ?= build

CHECK_JOBS := $(shell nproc)
CHECK_FILES := tools/check/files

# A header under machine/ is the second half of its namesake under arch/, which includes it: it is not for itself.
CHECK_KERNEL_H := $(shell find kernel -name '*.h' -not -path '*/machine/*' -not -path 'kernel/arch/*' \
	-o -name '*.h' -path 'kernel/arch/include/*' -o -name '*.h' -path 'kernel/arch/$(ARCH)/*' -not -path '*/machine/*' \
	| LC_ALL=C sort)
CHECK_KERNEL_C := $(filter-out %/offsets.c,$(KERNEL_C))

# Headers and generated files that every step below needs.
CHECK_READY := $(BUILD)/include-abi/.stamp $(GENERATED)

# clang gets the kernel's flags, with its own builtin headers in place of gcc's, and without the few that it does not know.
CHECK_CLANG_FLAGS = -nostdinc -isystem $(shell clang -print-resource-dir)/include \
	$(filter-out -nostdinc -isystem $(shell $(CC) -print-file-name=include) $(BUILD)/include-abi,$(KERNEL_CPPFLAGS)) \
	-isystem $(BUILD)/include-abi $(filter-out -mstack-protector-guard=global,$(KERNEL_CFLAGS))

.PHONY: check check-all check-format check-words check-layers check-lengths check-docs docs-abi check-headers check-gcc check-clang check-cppcheck \
	check-sparse check-tidy check-analyzer
check: check-format check-words check-layers check-lengths check-docs check-headers check-gcc check-clang check-cppcheck check-sparse \
	check-tidy unit
check-all: check check-analyzer

check-format:
	$(CHECK_FILES) .c .h | xargs -P$(CHECK_JOBS) -n16 clang-format --dry-run -Werror

check-words:
	$(CHECK_FILES) .c .h .S .mk .ld .awk .sh .py Makefile | grep -v '^tools/check/' | xargs tools/check/words

check-layers:
	tools/check/layers

check-lengths:
	$(CHECK_FILES) .c .h | grep -E '^(kernel|host|guest)/' | xargs tools/check/lengths

check-docs:
	tools/check/docs

# Makes the tables of docs/abi.md anew.
docs-abi:
	@mkdir -p $(BUILD)/check
	tools/abi-page docs/abi.md > $(BUILD)/check/abi.md
	cp $(BUILD)/check/abi.md docs/abi.md

# Each header alone.
check-headers: $(CHECK_READY)
	printf '%s\n' $(CHECK_KERNEL_H) | xargs -P$(CHECK_JOBS) -n1 $(CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) -fsyntax-only -x c

# gcc's warnings come with the optimiser, so this is a whole compilation: the kernel's own.
check-gcc: $(KERNEL_OBJECTS)

check-clang: $(CHECK_READY)
	printf '%s\n' $(CHECK_KERNEL_C) | xargs -P$(CHECK_JOBS) -n8 clang $(CHECK_CLANG_FLAGS) -fsyntax-only

# cppcheck sees libbsd's macros but no other header of the system: it knows the C library by itself.
check-cppcheck: $(CHECK_READY)
	mkdir -p $(BUILD)/check/include $(BUILD)/check/cppcheck
	ln -sfn /usr/include/bsd $(BUILD)/check/include/bsd
	cppcheck --quiet --enable=warning,performance,portability --std=c11 --platform=unix64 --error-exitcode=1 -j$(CHECK_JOBS) \
		--library=tools/check/cppcheck.cfg --suppressions-list=tools/check/cppcheck.suppressions --cppcheck-build-dir=$(BUILD)/check/cppcheck \
		-Ikernel -Ikernel/arch/include -Ikernel/arch/$(ARCH)/include -I$(BUILD)/generated -I$(BUILD)/check/include \
		-D__x86_64__=1 -D__BEGIN_DECLS= -D__END_DECLS= '-D__attribute__(x)=' $(CHECK_KERNEL_C)

# sparse: user pointers are an address space. Its byte-order types (-Wbitwise) only meet the exported headers' own.
check-sparse: $(CHECK_READY)
	printf '%s\n' $(CHECK_KERNEL_C) | xargs -P$(CHECK_JOBS) -n1 sparse -include tools/check/sparse.h -Wsparse-error -Wno-bitwise \
		$(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS)

CHECK_TIDY = printf '%s\n' $(CHECK_KERNEL_C) | xargs -P$(CHECK_JOBS) -n4 sh -c 'flags=$$0; checks=$$1; shift; \
	clang-tidy --quiet "--checks=$$checks" "$$@" -- $$flags 2>$(BUILD)/check/tidy.$$$$ || { cat $(BUILD)/check/tidy.$$$$; exit 1; }; \
	rm -f $(BUILD)/check/tidy.$$$$' '$(CHECK_CLANG_FLAGS)'

check-tidy: $(CHECK_READY)
	@mkdir -p $(BUILD)/check
	$(CHECK_TIDY) '-clang-analyzer-*'

check-analyzer: $(CHECK_READY)
	@mkdir -p $(BUILD)/check
	$(CHECK_TIDY) ''
