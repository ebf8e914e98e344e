import Foundation

/// Milliseconds since 1970 as people and programs read them.
public enum PointInTime {
    /// ISO 8601 in UTC with milliseconds, for programs.
    public static func iso(_ milliseconds: UInt64) -> String {
        date(milliseconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Day and time of the machine's own time zone, for people.
    public static func local(_ milliseconds: UInt64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var fields = tm()
        localtime_r(&seconds, &fields)
        func pad(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(Int(fields.tm_year) + 1900)-\(pad(fields.tm_mon + 1))-\(pad(fields.tm_mday)) "
            + "\(pad(fields.tm_hour)):\(pad(fields.tm_min))"
    }

    /// How long ago it was, in words.
    public static func ago(_ milliseconds: UInt64, now: UInt64) -> String {
        let seconds = now > milliseconds ? (now - milliseconds) / 1000 : 0
        return switch seconds {
        case 0..<2: "now"
        case 2..<120: "\(seconds) s ago"
        case 120..<7200: "\(seconds / 60) min ago"
        case 7200..<172_800: "\(seconds / 3600) h ago"
        default: "\(seconds / 86_400) days ago"
        }
    }

    private static func date(_ milliseconds: UInt64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
