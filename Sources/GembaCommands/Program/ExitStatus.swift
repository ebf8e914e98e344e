/// How a program ends. The numbers are part of its interface and never change.
public enum ExitStatus: Int32, Sendable {
    /// Everything was done.
    case success = 0
    /// Something failed: the disk, the network's set-up, a check.
    case failure = 1
    /// The command line or something that was read with it is wrong.
    case usage = 2
    /// What was named is not there, or several things go by the name.
    case notFound = 3
    /// The station may not do that, or the ticket is in no state for it.
    case refused = 4
    /// People wrote something apart that waits to be settled.
    case conflict = 5
    /// Nobody could be reached.
    case unreachable = 6
    /// Two machines make other rows of the same changes.
    case different = 7
}
