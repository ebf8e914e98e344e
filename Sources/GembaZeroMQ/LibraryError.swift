internal import CZeroMQ

/// A call into libzmq that failed.
struct LibraryError: Error, CustomStringConvertible {
    let call: String
    let number: Int32

    /// The error of the call that was made last on this thread.
    static func last(_ call: String) -> LibraryError { LibraryError(call: call, number: zmq_errno()) }

    var description: String { "\(call): \(String(cString: zmq_strerror(number)))" }
}
