/// Reads the pieces of ISO 8601 texts from left to right.
struct ISO8601Reader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    /// Steps over the character if it is next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let next, UInt32(next) == character.value else { return false }
        position += 1
        return true
    }

    /// Exactly `count` digits.
    mutating func number(digits count: Int) -> Int? {
        guard position + count <= bytes.count, bytes[position..<position + count].allSatisfy(ASCII.isDigit) else {
            return nil
        }
        defer { position += count }
        return bytes[position..<position + count].reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
    }

    /// All digits up to something else, at least one.
    mutating func digits() -> ArraySlice<UInt8>? {
        let digits = bytes[position...].prefix(while: ASCII.isDigit)
        guard !digits.isEmpty else { return nil }
        position = digits.endIndex
        return digits
    }

    /// What follows a decimal point or comma, if there is one, as billionths; digits beyond them are cut off. Nil for a
    /// point without digits.
    mutating func optionalFraction() -> Int? {
        guard skip(".") || skip(",") else { return 0 }
        guard let digits = digits() else { return nil }
        let billionths = digits.prefix(9).reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
        return (digits.count..<max(9, digits.count)).reduce(billionths) { number, _ in number * 10 }
    }

    /// `YYYY-MM-DD`; years from 10000 on have more digits, up to 9, and no leading zero; years before 0 a minus.
    mutating func date() -> CivilDate? {
        let isNegative = skip("-")
        guard let digits = digits(), (4...9).contains(digits.count), digits.count == 4 || digits.first != ASCII.zero,
            skip("-"), let month = number(digits: 2), skip("-"), let day = number(digits: 2)
        else { return nil }
        let year = digits.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
        return CivilDate(year: isNegative ? -year : year, month: month, day: day)
    }

    /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`.
    mutating func time() -> CivilTime? {
        guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2) else { return nil }
        guard skip(":") else { return CivilTime(hour: hour, minute: minute) }
        guard let second = number(digits: 2), let nanosecond = optionalFraction() else { return nil }
        return CivilTime(hour: hour, minute: minute, second: second, nanosecond: nanosecond)
    }

    /// A date, `T`, and a time.
    mutating func dateTime() -> CivilDateTime? {
        guard let date = date(), skip("T"), let time = time() else { return nil }
        return CivilDateTime(date: date, time: time)
    }

    /// `Z`, `+hh:mm`, `-hh:mm` or with seconds.
    mutating func zoneOffset() -> ZoneOffset? {
        if skip("Z") { return .utc }
        let isNegative = next == ASCII.minus
        guard skip("+") || skip("-"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
            minutes < 60
        else { return nil }
        var seconds = 0
        if skip(":") {
            guard let number = number(digits: 2), number < 60 else { return nil }
            seconds = number
        }
        let offset = hours * 3600 + minutes * 60 + seconds
        return ZoneOffset(seconds: isNegative ? -offset : offset)
    }

    /// What `read` reads, if nothing is left behind it.
    static func whole<Part>(_ text: String, _ read: (inout ISO8601Reader) -> Part?) -> Part? {
        var reader = ISO8601Reader(text)
        guard let part = read(&reader), reader.isAtEnd else { return nil }
        return part
    }
}

extension Int {
    /// At least `width` digits, for a number that is not negative.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }

    /// Nine digits of a fraction without the zeros at the end, behind a point; empty for 0.
    var fractionOfBillion: String {
        guard self > 0 else { return "" }
        let digits = padded(to: 9)
        return "." + digits.prefix(digits.utf8.count - digits.utf8.reversed().prefix { $0 == ASCII.zero }.count)
    }
}
