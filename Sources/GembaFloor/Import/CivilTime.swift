/// Reads the times of a tracker's export, which name no time zone, as milliseconds since 1970.
///
/// They are taken for UTC. The zone of the machine that wrote the file is unknown, and reading them in this machine's
/// zone would give one event two times at two stations; so they are off by the plant's distance from UTC, the same
/// everywhere, and order nothing.
enum CivilTime {
    /// `dd-mm-yyyy hh:mm`, `dd/mm/yyyy hh:mm` or `yyyy-mm-dd hh:mm`, each with or without seconds; nil for anything
    /// else and for days that do not exist.
    static func milliseconds(_ text: String) -> Int64? {
        let halves = text.split(separator: " ", omittingEmptySubsequences: true)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }
        guard date.count == 3, let first = number(date[0]), let month = number(date[1]), let last = number(date[2])
        else { return nil }
        let isYearFirst = date[0].count == 4
        let (year, day) = isYearFirst ? (first, last) : (last, first)
        guard (isYearFirst ? date[2] : date[0]).count <= 2, (isYearFirst ? date[0] : date[2]).count == 4 else {
            return nil
        }
        let time = halves[1].split(separator: ":", omittingEmptySubsequences: false).map(number)
        guard time.count == 2 || time.count == 3, let hour = time[0], let minute = time[1] else { return nil }
        guard let second = time.count == 3 ? time[2] : 0, hour < 24, minute < 60, second < 60,
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day)
        else { return nil }
        let minutes = (daysSince1970(year: year, month: month, day: day) * 24 + hour) * 60 + minute
        return (minutes * 60 + second) * 1000
    }

    private static func number(_ text: Substring) -> Int64? {
        text.allSatisfy { $0.isASCII && $0.isNumber } && text.count <= 4 ? Int64(text) : nil
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Counts the years from March, so that the leap day comes last, in cycles of 400 years with 146,097 days.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let cycle = shifted / 400
        let yearOfCycle = shifted % 400
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        return cycle * 146_097 + dayOfCycle - 719_468
    }
}
