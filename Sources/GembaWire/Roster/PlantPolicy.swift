/// What a plant demands of its members, as flags. Those that this version does not know are kept and mean nothing.
public struct PlantPolicy: OptionSet, Hashable, Sendable {
    /// The bits as they are sent; numbers are listed in the registry. Bit 63 is never set.
    public let rawValue: UInt64

    /// Creates a policy from bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Epoch keys are wrapped only for members whose join an `admit` names: people on both sides have compared the words of
    /// the enrolment.
    public static let epochsAfterAdmit = PlantPolicy(rawValue: 1 << 0)
}
