import GembaNode

/// Endpoints as people type them.
enum PeerArgument {
    /// Reads `ENDPOINT` or `ENDPOINT#KEY`.
    static func parse(_ text: String) throws(CommandFailure) -> PeerAddress {
        guard let address = PeerAddress(text) else {
            throw CommandFailure(.usage, "In \(text), what follows the # is not a key of 64 hexadecimal digits.")
        }
        try checkEndpoint(address.endpoint)
        return address
    }

    /// Refuses what is no endpoint, before anything waits for it.
    static func checkEndpoint(_ endpoint: String) throws(CommandFailure) {
        let isPrintable = endpoint.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        let isTCP = endpoint.hasPrefix("tcp://") && endpoint.dropFirst(6).contains(":")
        let isLocal = endpoint.hasPrefix("ipc://") && endpoint.utf8.count > 6
        guard isPrintable, isTCP || isLocal else {
            throw CommandFailure(.usage, "\(endpoint) is no endpoint. Write tcp://HOST:PORT or ipc://PATH.")
        }
    }
}
