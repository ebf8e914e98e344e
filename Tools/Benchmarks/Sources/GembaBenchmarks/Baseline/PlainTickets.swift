import CBaseline

/// Tickets as the baseline takes them: structures and one text, so that nothing is converted while the time is taken.
///
/// `@unchecked Sendable`: nothing changes after `init`.
final class PlainTickets: @unchecked Sendable {
    let count: Int
    let start: UnsafeMutablePointer<baseline_ticket>
    let texts: UnsafeMutablePointer<CChar>
    private let textBytes: Int

    init(_ tickets: some Collection<SampleTicket>) {
        count = tickets.count
        textBytes = tickets.reduce(0) { $0 + $1.texts.reduce(0) { $0 + $1.utf8.count } }
        start = .allocate(capacity: count)
        texts = .allocate(capacity: max(1, textBytes))
        var end = 0
        for (index, ticket) in tickets.enumerated() {
            var plain = baseline_ticket()
            withUnsafeMutableBytes(of: &plain.id) { $0.copyBytes(from: ticket.row.bytes) }
            withUnsafeMutableBytes(of: &plain.offsets) { offsets in
                for (place, text) in ticket.texts.enumerated() {
                    offsets.storeBytes(of: UInt32(end), toByteOffset: 4 * place, as: UInt32.self)
                    for byte in text.utf8 {
                        texts[end] = CChar(bitPattern: byte)
                        end += 1
                    }
                }
                offsets.storeBytes(of: UInt32(end), toByteOffset: 4 * ticket.texts.count, as: UInt32.self)
            }
            withUnsafeMutableBytes(of: &plain.times) { times in
                for (place, time) in ticket.times.enumerated() {
                    times.storeBytes(of: time, toByteOffset: 8 * place, as: Int64.self)
                }
            }
            (start + index).initialize(to: plain)
        }
    }

    deinit {
        start.deallocate()
        texts.deallocate()
    }

    /// The rows and nothing else: each id, its texts with their lengths, its times.
    func rows() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(textBytes + count * 64)
        for ticket in UnsafeBufferPointer(start: start, count: count) {
            withUnsafeBytes(of: ticket.id) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: ticket.offsets) { offsets in
                let offsets = offsets.bindMemory(to: UInt32.self)
                for (begin, end) in zip(offsets, offsets.dropFirst()) {
                    bytes.append(UInt8(end - begin))
                    bytes += (begin..<end).map { UInt8(bitPattern: texts[Int($0)]) }
                }
            }
            withUnsafeBytes(of: ticket.times) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}
