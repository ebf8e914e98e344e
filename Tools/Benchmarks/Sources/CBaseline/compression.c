#include "baseline.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>
#include <zstd.h>

size_t baseline_compressed(const void *bytes, size_t count, int level) {
    size_t bound = ZSTD_compressBound(count);
    void *frame = malloc(bound);
    size_t written = frame ? ZSTD_compress(frame, bound, bytes, count, level) : 0;
    free(frame);
    return ZSTD_isError(written) ? 0 : written;
}

const char *baseline_versions(void) {
    static char text[96];
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    snprintf(
        text, sizeof text, "SQLite %s, ZeroMQ %d.%d.%d, Zstandard %s", sqlite3_libversion(), major, minor, patch,
        ZSTD_versionString());
    return text;
}
