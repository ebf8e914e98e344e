import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// What a process that holds keys and many links asks of the system.
enum ProcessHardening {
    /// Every link takes a few descriptors; at the usual 1024 a plant of some hundred stations would run out of them.
    private static let descriptors: rlim_t = 16_384

    /// Keeps keys out of core dumps and out of debuggers of the same user.
    static func keepSecrets() {
        _ = gemba_forbid_dumps()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }

    /// Raises the limit of open files as far as allowed.
    static func apply() {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < descriptors {
            limit.rlim_cur = min(descriptors, limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        signal(SIGPIPE, SIG_IGN)
    }
}
