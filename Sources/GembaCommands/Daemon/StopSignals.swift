import Dispatch

#if canImport(Glibc)
    import Glibc
#endif

/// The signals by which a service manager or a person stops a program.
enum StopSignals {
    /// Calls `body` when SIGTERM, SIGINT or SIGHUP arrives; the second one ends the process at once.
    static func whenStopped(_ body: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "gemba.signals")
        return [SIGTERM, SIGINT, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                signal(number, SIG_DFL)
                body()
            }
            source.resume()
            return source
        }
    }
}
