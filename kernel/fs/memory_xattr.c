/*
 * Extended attributes in memory: a short list per inode. Where there is a lower inode, its
 * attributes show through; a removed one is hidden by an attribute without a value. Inode lock held
 * for changes; readers take it.
 */
#include "fs/memory.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/xattr.h>

static struct slab_cache attribute_cache =
    SLAB_CACHE("memory_attribute", sizeof(struct memory_attribute));

static struct memory_attribute *attribute_find(struct memory_inode *node, const char *name)
{
    struct memory_attribute *attribute;

    SLIST_FOREACH (attribute, &node->attributes, link)
        if (!strcmp(attribute->name, name))
            return attribute;
    return NULL;
}

static int64_t value_copy(const struct memory_attribute *attribute, void *value, size_t size)
{
    if (!attribute->value)
        return -ENODATA;
    if (size && size < attribute->size)
        return -ERANGE;
    if (size)
        memcpy(value, attribute->value, attribute->size);
    return (int64_t)attribute->size;
}

static int64_t lower_get(struct memory_inode *node, const char *name, void *value, size_t size)
{
    struct inode *lower = node->lower ? dentry_inode(node->lower) : NULL;

    if (!lower || !lower->ops->get_xattr)
        return -ENODATA;
    return lower->ops->get_xattr(lower, name, value, size);
}

int64_t memory_get_xattr(struct inode *inode, const char *name, void *value, size_t size)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_attribute *attribute;
    int64_t result;

    mutex_lock(&inode->lock);
    attribute = attribute_find(node, name);
    result = attribute ? value_copy(attribute, value, size) : 0;
    mutex_unlock(&inode->lock);
    if (attribute)
        return result;
    result = lower_get(node, name, value, size);
    return result == -EOPNOTSUPP ? -ENODATA : result;
}

static void attribute_free(struct memory_attribute *attribute)
{
    heap_free(attribute->name);
    heap_free(attribute->value);
    slab_free(&attribute_cache, attribute);
}

/* A new attribute; value NULL: one that hides. */
static struct memory_attribute *attribute_create(const char *name, const void *value, size_t size)
{
    struct memory_attribute *attribute = slab_alloc_zero(&attribute_cache);

    if (!attribute)
        return NULL;
    attribute->name = heap_string(name);
    /* An empty value is a value: at least one byte is allocated. */
    attribute->value = value ? heap_alloc(size + 1) : NULL;
    attribute->size = size;
    if (!attribute->name || (value && !attribute->value)) {
        attribute_free(attribute);
        return NULL;
    }
    if (value)
        memcpy(attribute->value, value, size);
    return attribute;
}

static int attribute_replace(struct inode *inode, struct memory_attribute *old, const char *name,
                             const void *value, size_t size)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_attribute *fresh = attribute_create(name, value, size);

    if (!fresh)
        return -ENOMEM;
    if (old) {
        SLIST_REMOVE(&node->attributes, old, memory_attribute, link);
        attribute_free(old);
    }
    SLIST_INSERT_HEAD(&node->attributes, fresh, link);
    inode->ctime = inode_time();
    overlay_pin(node);
    return 0;
}

static bool attribute_exists(struct memory_inode *node, struct memory_attribute *found,
                             const char *name)
{
    return found ? found->value != NULL : lower_get(node, name, NULL, 0) >= 0;
}

int memory_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                     unsigned flags)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_attribute *old = attribute_find(node, name);
    bool exists = attribute_exists(node, old, name);

    if (exists && (flags & XATTR_CREATE))
        return -EEXIST;
    if (!exists && (flags & XATTR_REPLACE))
        return -ENODATA;
    return attribute_replace(inode, old, name, value, size);
}

int memory_remove_xattr(struct inode *inode, const char *name)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_attribute *old = attribute_find(node, name);

    if (!attribute_exists(node, old, name))
        return -ENODATA;
    if (node->lower)
        return attribute_replace(inode, old, name, NULL, 0);
    SLIST_REMOVE(&node->attributes, old, memory_attribute, link);
    attribute_free(old);
    inode->ctime = inode_time();
    return 0;
}

/* Adds a name and its NUL to the list: the new length, or -ERANGE. */
static int64_t list_add(char *list, size_t size, int64_t at, const char *name)
{
    size_t length = strlen(name) + 1;

    if (size && (size_t)at + length > size)
        return -ERANGE;
    if (size)
        memcpy(list + at, name, length);
    return at + (int64_t)length;
}

/* The lower inode's names that memory does not know. */
static int64_t list_lower(struct memory_inode *node, char *list, size_t size, int64_t at)
{
    struct inode *lower = node->lower ? dentry_inode(node->lower) : NULL;
    char *names, *name;
    int64_t length = lower && lower->ops->list_xattr ? lower->ops->list_xattr(lower, NULL, 0) : 0;

    if (length <= 0)
        return at;
    names = heap_alloc((size_t)length);
    if (!names)
        return -ENOMEM;
    length = lower->ops->list_xattr(lower, names, (size_t)length);
    for (name = names; at >= 0 && name < names + length; name += strlen(name) + 1)
        if (!attribute_find(node, name))
            at = list_add(list, size, at, name);
    heap_free(names);
    return at;
}

int64_t memory_list_xattr(struct inode *inode, char *list, size_t size)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_attribute *attribute;
    int64_t at = 0;

    mutex_lock(&inode->lock);
    SLIST_FOREACH (attribute, &node->attributes, link)
        if (at >= 0 && attribute->value)
            at = list_add(list, size, at, attribute->name);
    if (at >= 0)
        at = list_lower(node, list, size, at);
    mutex_unlock(&inode->lock);
    return at;
}

void memory_drop_xattrs(struct memory_inode *node)
{
    struct memory_attribute *attribute;

    while ((attribute = SLIST_FIRST(&node->attributes))) {
        SLIST_REMOVE_HEAD(&node->attributes, link);
        attribute_free(attribute);
    }
}
