import GembaStore

extension Program {
    /// Opens the replica of a data folder; one that is too damaged to begin with is made anew from what is left of it.
    ///
    /// - Returns: the replica, and what making it anew came to, if that was necessary.
    static func openMended(_ options: DataOptions) throws -> (replica: Replica, report: MendReport?) {
        do {
            let replica = try open(options)
            if (try? replica.roster()) == nil || (try? StationStatus(of: replica)) == nil, replica.isDamaged {
                return (replica, try replica.mend())
            }
            return (replica, nil)
        } catch let error as StoreError where error.code == .corrupted {
            let report = try Replica.mend(in: try options.folder(), schema: schema, sources: options.sources())
            return (try open(options), report)
        }
    }
}

extension MendReport {
    /// What was saved, and what the user has to know, in sentences.
    func sentence(_ program: String) -> String {
        var text = "The replica was made anew from \(entryCount) saved entries"
        text += waitingCount > 0 ? "; \(waitingCount) more wait for those before them." : "."
        text += " What is missing comes from peers: let `\(program) run` run."
        if !lostTables.isEmpty { text += " Lost tables of your own: \(lostTables.joined(separator: ", "))." }
        return text
    }
}
