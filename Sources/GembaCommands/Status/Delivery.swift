public import GembaStore

/// Tells where something that was just written has got to.
public enum Delivery {
    /// A sentence such as "Not yet at any other station: 3 changes unsent."
    public static func sentence(of replica: Replica) throws -> String { try StationStatus(of: replica).delivery }
}
