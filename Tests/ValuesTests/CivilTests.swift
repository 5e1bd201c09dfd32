import Testing
import Values

private func date(_ text: String) throws -> CivilDate {
    try #require(CivilDate(iso8601: text), "\(text)")
}

struct CivilDateTests {
    @Test(arguments: [
        ("1970-01-01", 0, 4, 1, 1), ("2000-02-29", 11016, 2, 60, 9), ("1969-12-31", -1, 3, 365, 1),
        ("2026-12-31", 20818, 4, 365, 53), ("2021-01-03", 18630, 7, 3, 53),
        ("0000-03-01", -719_468, 3, 61, 9), ("-0001-12-31", -719_529, 5, 365, 52), ("12026-01-31", 3_672_909, 6, 31, 5),
    ])
    func `knows its place in the calendar`(text: String, days: Int, weekday: Int, dayOfYear: Int, week: Int) throws {
        let date = try date(text)
        #expect(date.iso8601 == text)
        #expect(date.daysSinceEpoch == days)
        #expect(CivilDate(daysSinceEpoch: days) == date)
        #expect(date.weekday == weekday)
        #expect(date.dayOfYear == dayOfYear)
        #expect(date.weekOfYear == week)
    }

    @Test func `every day follows the one before`() throws {
        var last = try #require(CivilDate(daysSinceEpoch: -800_001))
        for days in -800_000...800_000 {
            let next = try #require(CivilDate(daysSinceEpoch: days))
            let isNextDay = next.year == last.year && next.month == last.month && next.day == last.day + 1
            let isNextMonth =
                next.day == 1 && last.day == last.daysInMonth
                && next.dayOfYear == last.dayOfYear % (last.isInLeapYear ? 366 : 365) + 1
            guard isNextDay || isNextMonth, next.daysSinceEpoch == days, next.weekday == last.weekday % 7 + 1,
                last < next
            else {
                Issue.record("\(last) is followed by \(next)")
                return
            }
            last = next
        }
        #expect(last.daysSinceEpoch == 800_000)
    }

    @Test(arguments: [
        "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31", "26-01-01", "02026-01-01",
        "2026-1-1", "20260101", "2026-01-01Z", " 2026-01-01",
        "+2026-01-01", "1000000000-01-01", "", "-", "2026-01-0١",
    ])
    func `refuses`(text: String) {
        #expect(CivilDate(iso8601: text) == nil)
    }

    @Test func `adds days and months`() throws {
        #expect(try date("2026-01-31").adding(months: 1) == date("2026-02-28"))
        #expect(try date("2024-01-31").adding(months: 1) == date("2024-02-29"))
        #expect(try date("2026-01-31").adding(months: -2) == date("2025-11-30"))
        #expect(try date("2026-03-15").adding(months: -15) == date("2024-12-15"))
        #expect(try date("2026-12-31").adding(days: 1) == date("2027-01-01"))
        #expect(try date("999999999-12-31").adding(days: 1) == nil)
        #expect(try date("-999999999-01-01").adding(months: -1) == nil)
        #expect(try date("2026-12-31").adding(days: .max) == nil)
        #expect(try date("2026-12-31").adding(months: .min) == nil)
        #expect(CivilDate(daysSinceEpoch: .min) == nil)
        #expect(try CivilDate(daysSinceEpoch: date("999999999-12-31").daysSinceEpoch) == date("999999999-12-31"))
    }
}

struct CivilTimeTests {
    @Test(arguments: [
        ("00:00", "00:00:00", 0), ("12:30:05", "12:30:05", 45_005_000_000_000),
        ("23:59:59.999999999", "23:59:59.999999999", 86_399_999_999_999),
        ("01:00:00.2500", "01:00:00.25", 3_600_250_000_000),
        ("01:00:00,000000001999", "01:00:00.000000001", 3_600_000_000_001),
    ])
    func `reads and writes`(text: String, written: String, nanoseconds: Int) throws {
        let time = try #require(CivilTime(iso8601: text))
        #expect(time.iso8601 == written)
        #expect(time.nanosecondsSinceMidnight == nanoseconds)
        #expect(CivilTime(nanosecondsSinceMidnight: nanoseconds) == time)
    }

    @Test(arguments: [
        "24:00:00", "12:60", "12:00:60", "1:00", "12", "12:00:", "12:00:00.", "12:00.5", "12:00Z", "-12:00",
    ])
    func `refuses`(text: String) {
        #expect(CivilTime(iso8601: text) == nil)
    }

    @Test func `wraps around midnight`() {
        #expect(CivilTime(nanosecondsSinceMidnight: -1).iso8601 == "23:59:59.999999999")
        #expect(CivilTime(nanosecondsSinceMidnight: 86_400_000_000_000) == .midnight)
        #expect(CivilTime(nanosecondsSinceMidnight: .min) < CivilTime(nanosecondsSinceMidnight: .max))
    }
}

struct ZoneOffsetTests {
    @Test(arguments: [
        ("Z", "Z", 0), ("+00:00", "Z", 0), ("+01:00", "+01:00", 3600), ("-05:30", "-05:30", -19800),
        ("+00:19:32", "+00:19:32", 1172), ("-18:00", "-18:00", -64800),
    ])
    func `reads and writes`(text: String, written: String, seconds: Int) throws {
        let offset = try #require(ZoneOffset(iso8601: text))
        #expect(offset.seconds == seconds)
        #expect(offset.iso8601 == written)
    }

    @Test(arguments: ["", "z", "+1:00", "+0100", "+18:01", "+01:60", "01:00", "+01", "+01:00:60"])
    func `refuses`(text: String) {
        #expect(ZoneOffset(iso8601: text) == nil)
    }
}

struct TimestampTextTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", 0),
        ("2026-01-31T13:00+01:00", "2026-01-31T12:00:00.000Z", 1_769_860_800_000),
        ("2026-01-31T12:00:00.1239Z", "2026-01-31T12:00:00.123Z", 1_769_860_800_123),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z", -1),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z", -62_167_219_200_000),
        ("12026-01-31T00:00:00-23:00", "", nil),
    ])
    func `reads and writes`(text: String, written: String, milliseconds: Int64?) throws {
        let timestamp = Timestamp(iso8601: text)
        #expect(timestamp?.millisecondsSinceEpoch == milliseconds)
        #expect(timestamp.map(\.iso8601) ?? "" == written)
    }

    @Test(arguments: [
        "2026-01-31T12:00:00", "2026-01-31", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00Zx", "2026-02-30T12:00:00Z",
        "300000000-01-01T00:00:00Z", "",
    ])
    func `refuses`(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, Int64.max])
    func `every timestamp has a text that reads back`(milliseconds: Int64) throws {
        let timestamp = Timestamp(millisecondsSinceEpoch: milliseconds)
        #expect(Timestamp(iso8601: timestamp.iso8601) == timestamp)
    }

    @Test(arguments: [
        ("2026-01-31T12:00:00Z", "P1M", "2026-02-28T12:00:00.000Z"),
        ("2026-01-31T12:00:00Z", "P1M1DT12H", "2026-03-02T00:00:00.000Z"),
        ("2026-01-31T12:00:00Z", "-P1Y", "2025-01-31T12:00:00.000Z"),
        ("2026-01-31T12:00:00Z", "PT0.0015S", "2026-01-31T12:00:00.001Z"),
        ("2026-01-31T12:00:00Z", "P300000000Y", nil), ("2026-01-31T12:00:00Z", "P999999999999999999D", nil),
    ])
    func `adds durations by the calendar`(start: String, duration: String, end: String?) throws {
        let start = try #require(Timestamp(iso8601: start))
        #expect(try start.adding(#require(CalendarDuration(iso8601: duration)))?.iso8601 == end)
    }

    @Test func `is what a clock shows, and back`() throws {
        let timestamp = Timestamp(millisecondsSinceEpoch: 1_769_860_800_123)
        let offset = try #require(ZoneOffset(iso8601: "-05:30"))
        let local = CivilDateTime(timestamp, offset: offset)
        #expect(local.iso8601 == "2026-01-31T06:30:00.123")
        #expect(CivilDateTime(iso8601: "2026-01-31T06:30:00.123") == local)
        #expect(local.timestamp(offset: offset) == timestamp)
        #expect(CivilDateTime(iso8601: "2026-01-31T06:30:00Z") == nil)
        #expect(try local < #require(CivilDateTime(iso8601: "2026-01-31T06:30:00.124")))
    }
}

struct CalendarDurationTests {
    @Test(arguments: [
        ("P1Y2M3DT4H5M6S", 14, 273_906_000_000_000, "P1Y2M3DT4H5M6S"), ("PT0S", 0, 0, "PT0S"), ("P0Y", 0, 0, "PT0S"),
        ("P2W", 0, 1_209_600_000_000_000, "P14D"),
        ("P1W1D", 0, 691_200_000_000_000, "P8D"), ("PT36H", 0, 129_600_000_000_000, "P1DT12H"),
        ("PT90M", 0, 5_400_000_000_000, "PT1H30M"),
        ("PT0.5S", 0, 500_000_000, "PT0.5S"), ("PT1,5H", 0, 5_400_000_000_000, "PT1H30M"),
        ("P0.5D", 0, 43_200_000_000_000, "PT12H"), ("P1.5Y", 18, 0, "P1Y6M"),
        ("PT0.0000000019S", 0, 1, "PT0.000000001S"), ("-P1M", -1, 0, "-P1M"), ("-PT1.5S", 0, -1_500_000_000, "-PT1.5S"),
        ("P-1D", 0, -86_400_000_000_000, "-P1D"),
        ("P1MT-1S", 1, -1_000_000_000, "P1MT-1S"), ("-P1MT-1S", -1, 1_000_000_000, "P-1MT1S"),
        ("+P1D", 0, 86_400_000_000_000, "P1D"), ("P12M", 12, 0, "P1Y"),
        ("PT-0.5S", 0, -500_000_000, "-PT0.5S"), ("P1.0M", 1, 0, "P1M"),
    ])
    func `reads and writes`(text: String, months: Int64, nanoseconds: Int, written: String) throws {
        let duration = try #require(CalendarDuration(iso8601: text))
        #expect(duration.months == months)
        #expect(duration.nanoseconds == Int128(nanoseconds))
        #expect(duration.iso8601 == written)
        #expect(CalendarDuration(iso8601: written) == duration)
        #expect(CalendarDuration(iso8601: duration.negated.iso8601) == duration.negated)
    }

    @Test(arguments: [
        "", "P", "PT", "-P", "P1", "P1DT", "1D", "P1H", "PT1D", "P1D1Y", "PT1S1M", "P1.5M", "P0.3Y", "PT1.5H3M",
        "PT.5S", "PT1.S", "p1d", "P1D ", "P1Y1Y", "PT1HT1M", "--P1D",
        "P1000000000000000000D", "P999999999999999999Y", "P١D",
    ])
    func `refuses`(text: String) {
        #expect(CalendarDuration(iso8601: text) == nil)
    }

    @Test func `has an exact length unless it has months`() throws {
        #expect(CalendarDuration(iso8601: "P1DT0.25S")?.duration == .seconds(86_400) + .milliseconds(250))
        #expect(CalendarDuration(iso8601: "-PT0.25S")?.duration == .milliseconds(-250))
        #expect(try #require(CalendarDuration(iso8601: "P1M")).duration == nil)
        #expect(CalendarDuration(.milliseconds(-1500)).iso8601 == "-PT1.5S")
        #expect(CalendarDuration(nanoseconds: .max).duration == nil)
        #expect(CalendarDuration(months: .min).iso8601 == "-P768614336404564650Y7M")
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `survives being written and read`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let duration = CalendarDuration(
            months: Int64.random(in: -10_000...10_000, using: &random),
            nanoseconds: Int128(Int64.random(in: .min ... .max, using: &random)))
        #expect(CalendarDuration(iso8601: duration.iso8601) == duration)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `any text is read or refused`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let text = String(
            (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
                "P-+1T90.YMWDHMSZ:2".randomElement(using: &random)
            })
        if let duration = CalendarDuration(iso8601: text) {
            #expect(CalendarDuration(iso8601: duration.iso8601) == duration)
        }
        if let timestamp = Timestamp(iso8601: text) { #expect(Timestamp(iso8601: timestamp.iso8601) == timestamp) }
    }
}
