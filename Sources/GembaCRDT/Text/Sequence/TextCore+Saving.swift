/// The stored form of the structure. All numbers are LEB128; a column is preceded by its length in bytes.
///
/// ```
/// structure = version inserted:count lengths parents displaced changes stretches forgotten
/// lengths   = (length of a run)*
/// parents   = (2 * characters between the parent and the run's first + side, plus 1; 0 for the beginning)*
/// displaced = (runs since the previous displaced one, neighbour)*
/// changes   = (4 * author + 2 * ascends + isDeletion, sequence since the author's previous one, events)*
/// stretches = (2 * count + descends, number since the one before)*
/// forgotten = (numbers since the end of the one before, count)*
/// ```
///
/// `changes` are in the order in which this replica applied them, insertions and deletions together, so that the
/// sequence numbers of an author mostly follow one another.
extension TextCore {
    static let structureVersion: UInt64 = 1

    /// Everything about the characters but their content.
    @usableFromInline var structure: [UInt8] {
        var all = NumberColumn()
        all.append(Self.structureVersion)
        all.append(fugue.count)
        for column in runColumns() { all.append(column) }
        all.append(changeColumn())
        all.append(stretchColumn())
        all.append(forgottenColumn())
        return all.bytes
    }

    /// The content of deleted characters, as far as it is known, in the order of their numbers.
    @usableFromInline var deletedText: String {
        var bytes = ContiguousArray<UInt8>()
        for (number, marks) in fugue.marks.enumerated() where marks.isRecorded {
            scalars.appendUTF8(number..<number + 1, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func runColumns() -> [NumberColumn] {
        var (lengths, parents, displaced) = (NumberColumn(), NumberColumn(), NumberColumn())
        var displacements = fugue.displacements[...]
        var sinceDisplaced: UInt32 = 0
        for (index, head) in fugue.heads.enumerated() {
            let end = index + 1 < fugue.heads.count ? fugue.heads[index + 1].number : fugue.count
            lengths.append(end - head.number)
            if let parent = head.parent.number {
                parents.append((head.number - 1 - parent) * 2 + (head.parent.isRight ? 1 : 0) + 1)
            } else {
                parents.append(UInt32(0))
            }
            if let next = displacements.first, next.head == head.number {
                displaced.append(sinceDisplaced)
                displaced.append(next.neighbour.code)
                displacements = displacements.dropFirst()
                sinceDisplaced = 0
            }
            sinceDisplaced += 1
        }
        return [lengths, parents, displaced]
    }

    private func changeColumn() -> NumberColumn {
        var column = NumberColumn()
        var latest: [UInt32: UInt64] = [:]
        func append(_ run: NameRuns.Run, count: UInt32, isDeletion: Bool) {
            column.append(run.author * 4 + (run.ascends ? 2 : 0) + (isDeletion ? 1 : 0))
            column.append(signed: Int64(bitPattern: run.sequence &- (latest[run.author] ?? 0)))
            column.append(count)
            latest[run.author] = run.ascends ? run.sequence + UInt64(count) - 1 : run.sequence
        }
        var place = 0
        for (index, run) in deletions.names.runs.enumerated() {
            while place < names.runs.count, names.runs[place].first < deletions.insertedBefore[index] {
                append(names.runs[place], count: names.length(ofRun: place), isDeletion: false)
                place += 1
            }
            append(run, count: deletions.names.length(ofRun: index), isDeletion: true)
        }
        for index in place..<names.runs.count {
            append(names.runs[index], count: names.length(ofRun: index), isDeletion: false)
        }
        return column
    }

    private func stretchColumn() -> NumberColumn {
        var column = NumberColumn()
        var previous: Int64 = 0
        for (index, run) in deletions.runs.enumerated() {
            let end = index + 1 < deletions.runs.count ? deletions.runs[index + 1].event : deletions.count
            column.append((end - run.event) * 2 + (run.descends ? 1 : 0))
            column.append(signed: Int64(run.number) - previous)
            previous = Int64(run.number)
        }
        return column
    }

    private func forgottenColumn() -> NumberColumn {
        var column = NumberColumn()
        var number = 0
        while let start = fugue.marks[number...].firstIndex(where: { $0.contains(.forgotten) }) {
            let end = fugue.marks[start...].firstIndex { !$0.contains(.forgotten) } ?? fugue.marks.endIndex
            column.append(UInt32(start - number))
            column.append(UInt32(end - start))
            number = end
        }
        return column
    }
}
