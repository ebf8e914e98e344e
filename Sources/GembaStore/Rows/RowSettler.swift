import GRDBSQLite
import GembaCRDT
import GembaCausality
import GembaWire

/// Edits of one row that leave it settled, as a function inside the `UPDATE` that writes its values: the row is looked up
/// once, not once to be read and once to be written.
///
/// The statement sets `gemba_meta = gemba_settled(gemba_meta)`. The function refuses, and with it the statement fails
/// without an effect, when the row is in any other state than ``SettledRow`` or would be after the edits.
final class RowSettler {
    /// What is asked, and what was answered.
    var exchange = Exchange()

    /// Defines the function on a connection, for as long as that is open.
    func install(on connection: OpaquePointer) throws(StoreError) {
        let code = sqlite3_create_function_v2(
            connection, Self.functionName, 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, Unmanaged.passRetained(self).toOpaque(),
            { context, _, arguments in
                guard let argument = arguments?[0], let data = sqlite3_user_data(context) else { return }
                let settler = Unmanaged<RowSettler>.fromOpaque(data).takeUnretainedValue()
                settler.answer(context, argument)
            }, nil, nil, { data in if let data { Unmanaged<RowSettler>.fromOpaque(data).release() } })
        guard code == SQLITE_OK else { throw SQLiteFailure.error(on: connection) }
    }

    static let functionName = "gemba_settled"

    private func answer(_ context: OpaquePointer?, _ argument: OpaquePointer) {
        let count = Int(sqlite3_value_bytes(argument))
        let metadata = UnsafeRawBufferPointer(start: sqlite3_value_blob(argument), count: count)
        do throws(StoreError) {
            guard try exchange.settle(metadata) else {
                sqlite3_result_error(context, "the row is not settled", -1)
                return
            }
            exchange.withSettled { bytes in
                sqlite3_result_blob(context, bytes.baseAddress, Int32(bytes.count), Statement.copies)
            }
        } catch {
            sqlite3_result_error(context, error.message, -1)
        }
    }
}

extension RowSettler {
    /// The edits of one row, and what became of them. Keeps its buffers from row to row.
    struct Exchange {
        /// One change's edit of the row.
        private struct Edit {
            var dot: LocalDot
            /// The presence writes that it names, in `named`; nil stands for all that there are.
            var saw: Range<Int>?
            /// Where its writes end in `writes`.
            var end: Int
        }

        /// A write to one group.
        private struct Write {
            var group: GroupID
            /// The writes that it replaces, in `named`; nil stands for what there is.
            var replaces: Range<Int>?
        }

        private var edits: [Edit] = []
        private var writes: [Write] = []
        private var named: [LocalDot] = []
        private var row = SettledRow()
        private var writer = ByteWriter()

        /// Whether the last statement was refused, and nothing else went wrong.
        private(set) var hasRefused = false
        /// What the last statement's first edit replaced: a dot for each write, nil where there was none.
        private(set) var replaced: [LocalDot?] = []
        /// The presence writes that it replaced.
        private(set) var seen: [LocalDot] = []

        // MARK: - Asking

        /// Forgets the edits of the row before.
        mutating func begin() {
            edits.removeAll(keepingCapacity: true)
            writes.removeAll(keepingCapacity: true)
            named.removeAll(keepingCapacity: true)
            hasRefused = false
        }

        /// Adds a write, which replaces what there is, to the edit that ``end(_:)`` ends.
        mutating func write(_ group: GroupID) { writes.append(Write(group: group, replaces: nil)) }

        /// Ends an edit that replaces all that there is.
        mutating func end(_ dot: LocalDot) { edits.append(Edit(dot: dot, saw: nil, end: writes.count)) }

        /// Adds a change's edit of registers.
        mutating func add(
            _ item: OperationBatch.Item, of batch: OperationBatch, as dot: LocalDot, local: (Dot) throws -> LocalDot
        ) rethrows {
            let saw = try name(batch.saw(by: item), local)
            for step in batch.steps(of: item) {
                guard case .write(let write) = step.content else { continue }
                let replaces = try name(batch.dots(replacedBy: write), local)
                writes.append(Write(group: step.group, replaces: replaces))
            }
            edits.append(Edit(dot: dot, saw: saw, end: writes.count))
        }

        private mutating func name(
            _ dots: ArraySlice<Dot>, _ local: (Dot) throws -> LocalDot
        ) rethrows -> Range<Int> {
            let start = named.count
            for dot in dots { named.append(try local(dot)) }
            return start..<named.count
        }

        // MARK: - Answering

        /// Makes the edits; returns false when the row is not settled before and after.
        fileprivate mutating func settle(_ metadata: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
            replaced.removeAll(keepingCapacity: true)
            seen.removeAll(keepingCapacity: true)
            hasRefused = true
            guard try row.read(metadata) else { return false }
            var start = 0
            for index in edits.indices {
                let edit = edits[index]
                for write in writes[start..<edit.end] {
                    let standing = row.dot(of: write.group)
                    if let standing, let replaces = write.replaces, !named[replaces].contains(standing) { return false }
                    if index == 0 { replaced.append(standing) }
                    row.write(write.group, as: edit.dot)
                }
                if index == 0 { for dot in row.presence { seen.append(dot) } }
                // What this change did to the row before is folded into one operation with what it does now.
                if edit.saw == nil, seen.contains(edit.dot) { return false }
                row.live(as: edit.dot) { dot in edit.saw.map { named[$0].contains(dot) } ?? true }
                start = edit.end
            }
            writer.removeAll()
            row.write(to: &writer)
            hasRefused = false
            return true
        }

        /// The metadata after the edits.
        fileprivate func withSettled(_ body: (UnsafeRawBufferPointer) -> Void) { writer.bytes.withUnsafeBytes(body) }
    }
}
