# Links the kernel for x86_64: an ELF64 image with a PVH entry note. It is linked twice: the first link's function addresses become
# the symbol table of the second, which lies behind the text and so does not move it.

KERNEL_LINK = $(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,-T,kernel/arch/x86_64/kernel.ld
SYMBOLS := $(BUILD)/generated/symbols

$(SYMBOLS)-none.o: tools/symbols.awk | $(BUILD)/generated
	$(Q)awk -f tools/symbols.awk < /dev/null > $(SYMBOLS)-none.S
	$(Q)$(CC) -c -o $@ $(SYMBOLS)-none.S

$(KERNEL): $(KERNEL_OBJECTS) $(SYMBOLS)-none.o kernel/arch/x86_64/kernel.ld tools/symbols.awk
	@echo "  LD    $@"
	$(Q)$(KERNEL_LINK) -o $@.first $(KERNEL_OBJECTS) $(SYMBOLS)-none.o
	$(Q)nm -n $@.first | awk -f tools/symbols.awk > $(SYMBOLS).S
	$(Q)$(CC) -c -o $(SYMBOLS).o $(SYMBOLS).S
	$(Q)$(KERNEL_LINK) -o $@ $(KERNEL_OBJECTS) $(SYMBOLS).o
	@rm -f $@.first
