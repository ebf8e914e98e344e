/// The authors of one text, numbered in the order in which they first wrote.
@usableFromInline struct AuthorTable<Author: Hashable & Sendable>: Sendable {
    @usableFromInline var authors: [Author] = []
    @usableFromInline var numbers: [Author: UInt32] = [:]
    /// Who wrote last, as most often the same one goes on.
    @usableFromInline var latest: UInt32 = 0

    @inlinable init() {}

    /// The table of authors in the order of their numbers.
    @inlinable init(_ authors: [Author]) {
        for author in authors { _ = number(of: author) }
    }

    /// The number of an author, a new one if needed.
    @inlinable mutating func number(of author: Author) -> UInt32 {
        if Int(latest) < authors.count, authors[Int(latest)] == author { return latest }
        if let known = numbers[author] {
            latest = known
        } else {
            latest = UInt32(authors.count)
            numbers[author] = latest
            authors.append(author)
        }
        return latest
    }

    /// The number of an author who wrote; nil for another.
    @inlinable func knownNumber(of author: Author) -> UInt32? { numbers[author] }
}
