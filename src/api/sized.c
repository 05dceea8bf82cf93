/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "api/node_priv.h"

const char *dtt_size_sentence(const void *theirs)
{
    size_t size = 0;
    if (!theirs) {
        return "there is no config";
    }
    memcpy(&size, theirs, sizeof(size));
    return size < sizeof(size) ? "the size of the config is not set"
                               : "a field is set that this version of the library does not have";
}

bool dtt_write_sized(void *theirs, const void *ours, size_t our_size)
{
    size_t size = 0;
    if (theirs) {
        memcpy(&size, theirs, sizeof(size));
    }
    if (size < sizeof(size)) {
        return false;
    }
    size = size < our_size ? size : our_size;
    memcpy(theirs, ours, size);
    memcpy(theirs, &size, sizeof(size));
    return true;
}

bool dtt_read_sized(void *ours, size_t our_size, const void *theirs)
{
    size_t size;
    if (!theirs) {
        return false;
    }
    memcpy(&size, theirs, sizeof(size));
    if (size < sizeof(size)) {
        return false;
    }
    for (size_t i = our_size; i < size; i++) {
        if (((const uint8_t *)theirs)[i] != 0) {
            return false;
        }
    }
    memset(ours, 0, our_size);
    memcpy(ours, theirs, size < our_size ? size : our_size);
    memcpy(ours, &our_size, sizeof(our_size));
    return true;
}
