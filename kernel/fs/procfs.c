/*
 * Registration of names, and making instances. See procfs.h. A registered directory is an entry
 * whose lookup and next walk its list of names; everything else need not know that it was not a
 * table.
 */
#include "fs/procfs_internal.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "trace/log.h"

enum { ROOT_NUMBER = 1 };

/* --- directories of registered names --- */

static const struct proc_branch *branch_of(const struct proc_node *directory)
{
    return directory->entry->data;
}

static bool name_is(const struct proc_entry *entry, const char *text, size_t length)
{
    return strlen(entry->name) == length && memcmp(entry->name, text, length) == 0;
}

static const struct proc_entry *branch_find(const struct proc_branch *branch, const char *text,
                                            size_t length)
{
    struct proc_name_link *name;
    STAILQ_FOREACH(name, &branch->names, link)
    {
        if (name_is(name->entry, text, length))
            return name->entry;
    }
    return NULL;
}

static int branch_lookup(const struct proc_node *directory, const struct name *name,
                         struct proc_node *child)
{
    const struct proc_branch *branch = branch_of(directory);
    const struct proc_entry *entry = branch_find(branch, name->text, name->length);
    if (entry) {
        *child = (struct proc_node){.entry = entry};
        return 0;
    }
    return branch->more ? branch->more->lookup(directory, name, child) : -ENOENT;
}

static bool branch_next(const struct proc_node *directory, uint64_t *cursor,
                        struct proc_name *found)
{
    const struct proc_branch *branch = branch_of(directory);
    struct proc_name_link *name = STAILQ_FIRST(&branch->names);
    if (*cursor >= branch->count) {
        uint64_t rest = *cursor - branch->count;
        if (!branch->more || !branch->more->next(directory, &rest, found))
            return false;
        *cursor = rest + branch->count;
        return true;
    }
    for (uint64_t i = 0; i < *cursor; i++)
        name = STAILQ_NEXT(name, link);
    strlcpy(found->text, name->entry->name, sizeof(found->text));
    found->type = name->entry->mode & S_IFMT;
    return true;
}

/* --- registration ------------------------------------------------------------------------------
 */

static void branch_init(struct proc_branch *branch, const char *name)
{
    branch->entry = (struct proc_entry){
        .name = name,
        .mode = S_IFDIR | 0555,
        .data = branch,
        .lookup = branch_lookup,
        .next = branch_next,
    };
    STAILQ_INIT(&branch->names);
}

static void branch_add(struct proc_branch *branch, const struct proc_entry *entry)
{
    struct proc_name_link *name = heap_alloc(sizeof(*name));
    if (!name)
        panic("procfs: no memory for %s", entry->name);
    name->entry = entry;
    STAILQ_INSERT_TAIL(&branch->names, name, link);
    branch->count++;
}

static struct proc_branch *branch_enter(struct proc_branch *parent, const char *text, size_t length)
{
    const struct proc_entry *entry = branch_find(parent, text, length);
    if (entry) {
        kernel_assert(entry->lookup == branch_lookup);
        return (struct proc_branch *)entry->data;
    }
    struct proc_branch *branch = heap_alloc_zero(sizeof(*branch));
    char *name = heap_alloc_zero(length + 1);
    if (!branch || !name)
        panic("procfs: no memory for directories");
    memcpy(name, text, length);
    branch_init(branch, name);
    branch_add(parent, &branch->entry);
    return branch;
}

static struct proc_branch *tree_root(struct proc_tree *tree)
{
    if (!tree->root.entry.data)
        branch_init(&tree->root, "/");
    return &tree->root;
}

void procfs_register(struct proc_tree *tree, const char *directory, const struct proc_entry *entry)
{
    struct proc_branch *branch = tree_root(tree);
    while (*directory) {
        size_t length = strcspn(directory, "/");
        branch = branch_enter(branch, directory, length);
        directory += length;
        directory += *directory == '/';
    }
    if (*entry->name)
        branch_add(branch, entry);
    else
        branch->more = entry;
}

/* --- finding -----------------------------------------------------------------------------------
 */

static void node_hold(const struct proc_node *node)
{
    const struct proc_class *class = node->entry->class;
    if (node->object && class && class->hold)
        class->hold(node->object);
}

int proc_child_find(const struct proc_node *directory, const struct name *name,
                    struct proc_node *child)
{
    const struct proc_entry *entry = directory->entry;
    for (unsigned i = 0; i < entry->child_count; i++) {
        if (!name_is(&entry->children[i], name->text, name->length))
            continue;
        *child = (struct proc_node){&entry->children[i], directory->object, directory->key};
        node_hold(child);
        return 0;
    }
    return entry->lookup ? entry->lookup(directory, name, child) : -ENOENT;
}

/* --- instances ---------------------------------------------------------------------------------
 */

int proc_tree_make(struct filesystem_type *type, const char *source, const char *options,
                   struct filesystem **result)
{
    struct proc_tree *tree = container_of(type, struct proc_tree, type);
    struct proc_node node = {.entry = &tree_root(tree)->entry};
    struct inode *inode;
    if (*options)
        return -EINVAL;
    struct filesystem *filesystem = filesystem_create(type);
    if (!filesystem)
        return -ENOMEM;
    int error = proc_inode_create(filesystem, &node, ROOT_NUMBER, &inode);
    if (!error) {
        filesystem->root = dentry_root(filesystem, inode);
        if (!filesystem->root) {
            inode_put(inode);
            error = -ENOMEM;
        }
    }
    if (error)
        filesystem_put(filesystem);
    else
        *result = filesystem;
    return error;
}
