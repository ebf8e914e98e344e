#include "text_baseline.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

size_t text_baseline_replay(const text_edit *edits, size_t count, const char *text, char *out, size_t capacity) {
    char *buffer = malloc(capacity);
    text_edit *log = malloc(count * sizeof(text_edit));
    size_t start = 0;
    size_t end = capacity;
    for (size_t index = 0; index < count; index++) {
        text_edit edit = edits[index];
        if (edit.position < start) {
            size_t moved = start - edit.position;
            start -= moved;
            end -= moved;
            memmove(buffer + end, buffer + start, moved);
        } else if (edit.position > start) {
            size_t moved = edit.position - start;
            memmove(buffer + start, buffer + end, moved);
            start += moved;
            end += moved;
        }
        end += edit.removed;
        memcpy(buffer + start, text + edit.text, edit.length);
        start += edit.length;
        log[index] = edit;
    }
    size_t rest = capacity - end;
    memcpy(out, buffer, start);
    memcpy(out + start, buffer + end, rest);
    // The log is read once, so that no compiler leaves it out.
    size_t last = count > 0 ? log[count - 1].length : 0;
    free(buffer);
    free(log);
    return start + rest + (last > capacity);
}

size_t text_baseline_compressed_size(const void *bytes, size_t count, int level) {
    size_t bound = ZSTD_compressBound(count);
    void *frame = malloc(bound);
    size_t size = ZSTD_compress(frame, bound, bytes, count, level);
    free(frame);
    return size;
}
