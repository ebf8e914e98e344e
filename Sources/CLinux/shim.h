#ifndef GEMBA_CLINUX_SHIM_H
#define GEMBA_CLINUX_SHIM_H

#include <linux/stat.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What tells one file from every other, its copies included.
struct gemba_file_identity {
    uint32_t device_major;
    uint32_t device_minor;
    uint64_t inode;
    int64_t birth_seconds;
    uint32_t birth_nanoseconds;
};

/// statx(2) by its system call: glibc declares it only under _GNU_SOURCE, which a module cannot set for its importer.
/// Returns 0, or -1 with errno set. The birth time is 0 where the file system keeps none.
static inline int gemba_file_identity_of(const char *path, struct gemba_file_identity *identity) {
    struct statx status = {0};
    const int current_directory = -100;
    if (syscall(SYS_statx, current_directory, path, 0, STATX_INO | STATX_BTIME, &status) != 0) {
        return -1;
    }
    identity->device_major = status.stx_dev_major;
    identity->device_minor = status.stx_dev_minor;
    identity->inode = status.stx_ino;
    const int has_birth = (status.stx_mask & STATX_BTIME) != 0;
    identity->birth_seconds = has_birth ? status.stx_btime.tv_sec : 0;
    identity->birth_nanoseconds = has_birth ? status.stx_btime.tv_nsec : 0;
    return 0;
}

/// Keeps the process's memory out of core dumps and other processes' reach: prctl(2), which is variadic in C.
static inline int gemba_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }

#endif
