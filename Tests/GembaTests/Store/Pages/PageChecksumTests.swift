import GembaSimulation
import Testing

@testable import GembaStore

@Suite("Page checksums")
struct PageChecksumTests {
    private static let number: UInt32 = 7

    private func page(seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var page = (0..<PageChecksum.pageBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        page.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { PageChecksum.stamp($0, number: Self.number) } ?? ()
        }
        return page
    }

    private func isSound(_ page: [UInt8], number: UInt32 = Self.number) -> Bool {
        page.withUnsafeBytes { bytes in
            bytes.baseAddress.map { PageChecksum.isSound($0, number: number) } ?? false
        }
    }

    private func corrected(_ page: [UInt8]) -> [UInt8]? {
        var page = page
        let isCorrected = page.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { PageChecksum.correct($0, number: Self.number) } ?? false
        }
        return isCorrected ? page : nil
    }

    @Test("Every flipped bit is found, wherever it is, and put right")
    func bits() {
        let page = page(seed: 1)
        #expect(isSound(page))
        for bit in stride(from: 0, to: page.count * 8, by: 3) {
            var damaged = page
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard !isSound(damaged), corrected(damaged) == page else {
                Issue.record("bit \(bit)")
                return
            }
        }
    }

    @Test("Every changed byte is found and put right")
    func bytes() {
        let page = page(seed: 2)
        var generator = SeededGenerator(seed: 3)
        for place in page.indices {
            var damaged = page
            damaged[place] ^= UInt8.random(in: 1 ... .max, using: &generator)
            guard !isSound(damaged), corrected(damaged) == page else {
                Issue.record("byte \(place)")
                return
            }
        }
    }

    @Test("Several wrong bytes are found, and never put right as something else", arguments: [2, 3, 8, 64, 512])
    func several(count: Int) {
        let page = page(seed: 4)
        var generator = SeededGenerator(seed: UInt64(count))
        for _ in 0..<200 {
            var damaged = page
            let start = Int.random(in: 0...page.count - count, using: &generator)
            for place in start..<start + count { damaged[place] = UInt8.random(in: .min ... .max, using: &generator) }
            if damaged == page { continue }
            #expect(!isSound(damaged))
            if let corrected = corrected(damaged) { #expect(corrected == page) }
        }
    }

    @Test("A page of zeros, one at another's place and the highest bits of two words are found")
    func structured() {
        #expect(!isSound([UInt8](repeating: 0, count: PageChecksum.pageBytes)))
        let page = page(seed: 5)
        #expect(!isSound(page, number: Self.number + 1))
        for distance in [8, 32, 64, 1024] {
            var damaged = page
            damaged[7] ^= 0x80
            damaged[7 + distance] ^= 0x80
            #expect(!isSound(damaged))
            #expect(corrected(damaged) == nil)
        }
    }
}
