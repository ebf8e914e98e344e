import GembaCausality
import GembaNode
import GembaWire
import Testing

@testable import GembaZeroMQ

@Suite("The mailbox of the socket thread")
struct MailboxTests {
    private let link = LinkID.unused()
    private let key = TransportKey(rawValue: ThirtyTwoByteValue(high: 1, low: 2))

    @Test("takes frames for open links only, and so many that they stay bounded (G14)")
    func bounds() {
        let mailbox = Mailbox()
        #expect(!mailbox.send([1], on: link))
        mailbox.open(link)
        #expect((0..<100).count { _ in mailbox.send([1], on: link) } == TransportLimits.queuedFrames)
        let other = LinkID.unused()
        mailbox.open(other)
        let large = [UInt8](repeating: 0, count: Limits.frameBytes)
        #expect(mailbox.send(large, on: other))
        #expect(!mailbox.send([1], on: other))
        mailbox.forget(link)
        #expect(!mailbox.send([1], on: link))
    }

    @Test("tells of room once for each time somebody was refused, when half the queue is free")
    func room() {
        let mailbox = Mailbox()
        mailbox.open(link)
        while mailbox.send([1], on: link) {}
        var told = 0
        for index in 0..<TransportLimits.queuedFrames {
            #expect(mailbox.first(of: link) == [1])
            if mailbox.removeFirst(of: link) {
                told += 1
                #expect(index + 1 == TransportLimits.queuedFrames / 2)
            }
        }
        #expect(told == 1)
        #expect(mailbox.first(of: link) == nil)
    }

    @Test("holds what is wanted, however often it is asked")
    func orders() {
        let mailbox = Mailbox()
        mailbox.open(link)
        for _ in 0..<1000 {
            mailbox.dial("tcp://192.0.2.1:1", key)
            mailbox.close(link)
            mailbox.close(.unused())
        }
        let orders = mailbox.takeOrders()
        #expect(orders.dialled == ["tcp://192.0.2.1:1": key])
        #expect(orders.closing == [link])
        #expect(!orders.isStopping)
        #expect(!mailbox.send([1], on: link))
        #expect(mailbox.takeOrders().dialled == nil)
        mailbox.hangUp("tcp://192.0.2.1:1")
        #expect(mailbox.takeOrders().dialled == [:])
        mailbox.stop()
        #expect(mailbox.takeOrders().isStopping)
    }
}
