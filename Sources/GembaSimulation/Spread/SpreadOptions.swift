/// How changes are spread in a plant of many nodes, all of it drawn from one seed.
public struct SpreadOptions: Hashable, Sendable {
    /// The seed of everything random in the run.
    public var seed: UInt64
    /// How many nodes there are.
    public var nodes: Int
    /// How many of them write.
    public var writers: Int
    /// The share of frames that is lost.
    public var loss = 0.0
    /// What happens to a tenth of the nodes in mid-run.
    public var trouble = Trouble.none
    /// Whether everything is sent over all links, as without a tree.
    public var isFlooding = false
    /// Whether nobody is asked for what was announced and does not come: a bug that a run finds.
    public var neverGrafts = false
    /// How long people write, in virtual milliseconds.
    public var duration = 120_000
    /// The mean time between two changes of the whole plant, in virtual milliseconds.
    public var writePause = 100
    /// How long the plant may take to come to rest afterwards, in virtual milliseconds.
    public var patience = 120_000

    /// What can happen to nodes.
    public enum Trouble: String, Hashable, Sendable, CaseIterable {
        case none
        /// They lose their power, so that peers only notice that they are silent.
        case crash
        /// Their disks fill up, so that they go on talking and take nothing in.
        case full
    }

    /// A quiet plant of so many nodes, of which up to 200 write.
    public init(seed: UInt64, nodes: Int) {
        self.seed = seed
        self.nodes = nodes
        writers = min(nodes, 200)
    }

    /// When the trouble happens: after two thirds of the time, when the tree has long been made.
    var troubleTime: Int { duration / 3 * 2 }
    /// From when on deliveries are counted as those of a plant that has found its tree.
    var warmUp: Int { duration / 2 }
}
