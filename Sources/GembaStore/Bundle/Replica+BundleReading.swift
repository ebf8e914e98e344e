import GembaCausality
public import GembaWire

extension Replica {
    /// Takes what a bundle has, as from a peer: everything is verified, the roster comes first, and what is held already is passed
    /// over. So it may be read again, and one that was cut off may be read later as a whole.
    ///
    /// - Parameters:
    ///   - path: the file. Whoever wrote it is not trusted.
    ///   - isRehearsal: stores nothing, and tells from the vectors alone what would be new; nothing is verified then.
    ///   - progress: told how many entries were taken so far.
    /// - Returns: what was taken, also when the file is damaged: what came before is taken.
    /// - Throws: ``StoreError``: the file is no bundle, or of another plant, or the store failed.
    public func readBundle(
        from path: String, isRehearsal: Bool = false, progress: (UInt64) -> Void = { _ in }
    ) throws -> BundleReport {
        var source = try BundleSource(path: path, plant: plant)
        var intake = BundleIntake(self, preamble: source.preamble, isRehearsal: isRehearsal)
        var ending = BundleReport.Ending.complete
        do {
            while let runs = try source.next() {
                try intake.take(runs, of: source.contents.kind)
                progress(source.contents.entries)
            }
        } catch let fault as BundleFault {
            ending = BundleReport.Ending(fault)
        }
        do {
            try intake.applyWaiting()
        } catch let fault as BundleFault {
            ending = BundleReport.Ending(fault)
        }
        // Whom this bundle introduced may never have a link to anybody: the keys go with the next bundle from here.
        if !isRehearsal { try shareEpochs() }
        var report = intake.report
        report.ending = ending
        report.extents = source.contents.extents
        report.lacking = try lacking(of: report.extents)
        return report
    }

    /// What a bundle of this plant ended with: what a reader of it holds.
    ///
    /// - Throws: ``StoreError`` when the file is no bundle of this plant, or damaged before it says that.
    public func bundleEnd(of path: String) throws -> [ChangeReference] {
        var source = try BundleSource(path: path, plant: plant)
        do {
            // Roster and changes follow the extents, and neither is read here.
            while source.contents.entries == 0, try source.next() != nil {}
        } catch is BundleFault {
            throw StoreError(.invalidValue, "The bundle \(path) is damaged before it says what it has.")
        }
        return source.contents.extents.end
    }

    private func lacking(of extents: BundleExtents) throws -> [BundleReport.Lacking] {
        let folded = Set(extents.floors)
        return try withReader { context in
            try extents.base.filter { try context.log.resolve($0, kind: .data) == nil }.map { reference in
                BundleReport.Lacking(
                    reference: reference, held: try context.log.tip(of: reference.replica)?.sequence,
                    isFolded: folded.contains(reference))
            }
        }
    }
}

extension BundleReport.Ending {
    fileprivate init(_ fault: BundleFault) {
        self =
            switch fault {
            case .truncated: .truncated
            case .damaged(let error): .damaged(error.message)
            case .refused(let text): .refused(text)
            }
    }
}
