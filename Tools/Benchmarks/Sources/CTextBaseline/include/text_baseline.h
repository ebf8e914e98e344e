#ifndef TEXT_BASELINE_H
#define TEXT_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/// One edit: characters that go from a position, and bytes that come, as a part of one buffer of all inserted text.
typedef struct {
    uint32_t position;
    uint32_t removed;
    uint32_t text;
    uint32_t length;
} text_edit;

/// Replays ASCII edits in a gap buffer and keeps a log of them. Returns the length of the text, which is copied to `out`.
size_t text_baseline_replay(const text_edit *edits, size_t count, const char *text, char *out, size_t capacity);

/// The size of bytes as one Zstandard frame.
size_t text_baseline_compressed_size(const void *bytes, size_t count, int level);

#endif
