# Links the kernel for x86_64: an ELF64 image with a PVH entry note. The symbol table for backtraces comes from a first link.

$(KERNEL): $(KERNEL_OBJECTS) kernel/arch/x86_64/kernel.ld
	$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
		-Wl,-T,kernel/arch/x86_64/kernel.ld -o $@ $(KERNEL_OBJECTS)
