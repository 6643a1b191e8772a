/*
 * Virtio over memory-mapped registers (Virtual I/O Device Version 1.1, section 4.2), both register
 * layouts: version 2 and the legacy version 1 (4.2.4), which QEMU gives unless told otherwise. They
 * differ in how a queue's place is told and in nothing else that is used here.
 *
 * Devices are announced on the command line as virtio_mmio.device=SIZE@ADDRESS:LINE, one word each;
 * SIZE in bytes with an optional suffix. A slot without a device has kind 0 and is passed over in
 * silence.
 */
#include "dev/virtio.h"

#include "arch/machine.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "trace/log.h"
#include <linux/virtio_mmio.h>

enum { MMIO_MAGIC = 0x74726976 /* "virt" */ };

static uint32_t register_read(struct virtio_device *device, unsigned offset)
{
    return *(volatile uint32_t *)(device->registers + offset);
}

static void register_write(struct virtio_device *device, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(device->registers + offset) = value;
}

static bool is_legacy(struct virtio_device *device)
{
    return register_read(device, VIRTIO_MMIO_VERSION) == 1;
}

static uint64_t mmio_features(struct virtio_device *device)
{
    register_write(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    uint64_t high = register_read(device, VIRTIO_MMIO_DEVICE_FEATURES);
    register_write(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return (is_legacy(device) ? 0 : high << 32) |
           register_read(device, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *device, uint64_t features)
{
    register_write(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    register_write(device, VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
    register_write(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    register_write(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static uint8_t mmio_status(struct virtio_device *device)
{
    return register_read(device, VIRTIO_MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *device, uint8_t status)
{
    register_write(device, VIRTIO_MMIO_STATUS, status);
}

static uint16_t mmio_queue_limit(struct virtio_device *device, unsigned index)
{
    register_write(device, VIRTIO_MMIO_QUEUE_SEL, index);
    return register_read(device, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void address_write(struct virtio_device *device, unsigned low, const void *memory)
{
    uint64_t address = kernel_to_phys(memory).value;
    register_write(device, low, (uint32_t)address);
    register_write(device, low + 4, address >> 32);
}

static void mmio_queue_start(struct virtio_device *device, unsigned index, const struct vring *ring)
{
    register_write(device, VIRTIO_MMIO_QUEUE_SEL, index);
    register_write(device, VIRTIO_MMIO_QUEUE_NUM, ring->num);
    if (is_legacy(device)) {
        register_write(device, VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
        register_write(device, VIRTIO_MMIO_QUEUE_ALIGN, VIRTIO_QUEUE_ALIGN);
        register_write(device, VIRTIO_MMIO_QUEUE_PFN,
                       kernel_to_phys(ring->desc).value >> PAGE_SHIFT);
        return;
    }
    address_write(device, VIRTIO_MMIO_QUEUE_DESC_LOW, ring->desc);
    address_write(device, VIRTIO_MMIO_QUEUE_AVAIL_LOW, ring->avail);
    address_write(device, VIRTIO_MMIO_QUEUE_USED_LOW, ring->used);
    register_write(device, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void mmio_notify(struct virtio_device *device, unsigned index)
{
    register_write(device, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

static uint8_t mmio_configuration(struct virtio_device *device, unsigned offset)
{
    return device->registers[VIRTIO_MMIO_CONFIG + offset];
}

static const struct virtio_transport mmio_transport = {
    .features = mmio_features,
    .set_features = mmio_set_features,
    .status = mmio_status,
    .set_status = mmio_set_status,
    .queue_limit = mmio_queue_limit,
    .queue_start = mmio_queue_start,
    .notify = mmio_notify,
    .configuration = mmio_configuration,
};

static void mmio_interrupt(void *argument)
{
    struct virtio_device *device = argument;
    uint32_t cause = register_read(device, VIRTIO_MMIO_INTERRUPT_STATUS);
    register_write(device, VIRTIO_MMIO_INTERRUPT_ACK, cause);
    if (cause & VIRTIO_MMIO_INT_VRING)
        virtio_interrupt(device);
}

static int slot_start(struct virtio_device *device, unsigned line)
{
    uint32_t version = register_read(device, VIRTIO_MMIO_VERSION);
    if (register_read(device, VIRTIO_MMIO_MAGIC_VALUE) != MMIO_MAGIC || version < 1 || version > 2)
        return -ENODEV;
    device->kind = register_read(device, VIRTIO_MMIO_DEVICE_ID);
    if (!device->kind)
        return -ENODEV;
    int error = irq_attach(line, mmio_interrupt, device);
    return error ? error : virtio_device_add(device);
}

/* The device is kept even if it does not start: its interrupt stays attached. */
static void slot_find(uint64_t address, uint64_t size, unsigned line)
{
    struct virtio_device *device = heap_alloc_zero(sizeof(*device));
    if (!device)
        return;
    device->transport = &mmio_transport;
    device->registers = machine_map_device((struct phys){address}, size);
    int error = device->registers ? slot_start(device, line) : -ENOMEM;
    if (error && error != -ENODEV)
        log_line("virtio: slot at %#llx, line %u: error %d", (unsigned long long)address, line,
                 error);
}

/* SIZE@ADDRESS:LINE; the text is taken apart in place. */
static int announcement_parse(char *text, uint64_t *size, uint64_t *address, uint64_t *line)
{
    char *at = strchr(text, '@'), *colon = at ? strchr(at, ':') : NULL;
    if (!colon)
        return -EINVAL;
    *at = *colon = '\0';
    char *second = strchr(colon + 1, ':'); /* an optional device number follows */
    if (second)
        *second = '\0';
    if (parse_size(text, size) || parse_u64(at + 1, address) || parse_u64(colon + 1, line))
        return -EINVAL;
    return 0;
}

static void announcement_follow(const struct parse_word *word)
{
    char text[64];
    uint64_t size, address, line;
    if (!word->value || word->value_size >= sizeof(text))
        return;
    memcpy(text, word->value, word->value_size);
    text[word->value_size] = '\0';
    if (announcement_parse(text, &size, &address, &line))
        log_line("virtio: virtio_mmio.device=%s is not SIZE@ADDRESS:LINE", text);
    else
        slot_find(address, size, line);
}

void virtio_mmio_find(const char *command_line)
{
    struct parse_word word;
    while (parse_next_word(&command_line, &word)) {
        if (parse_key_is(&word, "virtio_mmio.device"))
            announcement_follow(&word);
    }
}
