import OrderedCollections
import Values

/// The functions that Camunda adds to FEEL. Only to be called: as a value, a name of theirs is a variable like any other.
enum CamundaFunctions {
    static let all: [BuiltIn] = [
        BuiltIn("is defined", [.init("value")], .boolean) { .bool(!$0.values[0].isNull) },
        BuiltIn("get or else", [.init("value"), .init("default")], .any) { arguments in
            arguments.values[0].isNull ? arguments.values[1] : arguments.values[0]
        },
        BuiltIn(
            "assert", .fixed([[.init("value"), .init("condition"), .optional("cause", .string)]]), .any,
            evaluating: assert),
        BuiltIn("is blank", [.init("string", .string)], .boolean) {
            $0.string(0).map { .bool($0.trimmingSpace.isEmpty) }
        },
        BuiltIn("to base64", [.init("value", .string)], .string) { $0.string(0).map { .string(base64($0.utf8)) } },
        BuiltIn(
            "extract", .fixed([[.init("string", .string), .init("pattern", .string)]]), .list(of: .string),
            evaluating: StringFunctions.extract),
        BuiltIn("is empty", [.init("list", .list)], .boolean) { $0.list(0).map { .bool($0.isEmpty) } },
        BuiltIn("duplicate values", .fixed([[.init("list", .list)]]), .anyList, evaluating: duplicates),
        BuiltIn("partition", [.init("list", .list), .init("size", .number)], .list(of: .anyList), partition),
        BuiltIn("put", [.init("context", .context), .init("key", .string), .init("value")], .anyContext) { arguments in
            guard case .context(var members) = arguments.values[0], let key = arguments.string(1) else { return nil }
            members[key] = arguments.values[2]
            return .context(members)
        },
        BuiltIn("put all", .items, .anyContext) { $0.list(0).flatMap { ContextFunctions.merge($0) } },
        BuiltIn("last day of month", [.init("date")], .date) { arguments in
            arguments.values[0].unwrappedSingleton.civilDate.flatMap {
                CivilDate(year: $0.year, month: $0.month, day: $0.daysInMonth).map { .date($0) }
            }
        },
        BuiltIn("from json", [.init("value", .string)], .any) { arguments in
            arguments.string(0).flatMap { try? JSON(validating: $0) }.map { Datum($0.decoded()) }
        },
        BuiltIn("to json", .fixed([[.init("value")]]), .string) { (evaluator, arguments, node) throws(Fault) in
            .string(try evaluator.json(of: arguments.values[0], at: node.offset).text)
        },
        BuiltIn(
            "cycle", .fixed([[.init("interval")], [.init("repetitions", .number), .init("interval")]]), .string, cycle),
    ]

    /// What Camunda has and a replay could not repeat, and what to do instead.
    static let refused: [String: String] = [
        "uuid":
            "`uuid` gives another value each time, so that no history could be replayed: let a task or the start give it",
        "random number":
            "`random number` gives another value each time, so that no history could be replayed: let a task or the start give it",
    ]

    // MARK: Values

    /// The value if the condition holds; otherwise the evaluation ends.
    private static func assert(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        if arguments.values[1].unwrappedSingleton == .bool(true) { return arguments.values[0] }
        throw Fault(.type, arguments.string(2) ?? "the condition of `assert` is not fulfilled", at: node.offset)
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The standard alphabet, with padding.
    private static func base64(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = bytes[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(3))
            let bits = (0..<3).reduce(0) { $0 << 8 | (group.indices.contains($1) ? Int(group[$1]) : 0) }
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
            rest = rest.dropFirst(3)
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Lists

    /// What is in the list more than once, in the order of its first appearance.
    private static func duplicates(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let items = arguments.list(0) else { return .null }
        var kept: [(item: Datum, count: Int)] = []
        items: for item in items {
            for index in kept.indices where try evaluator.isEqual(item, kept[index].item, at: node.offset) == true {
                kept[index].count += 1
                continue items
            }
            kept.append((item, 1))
        }
        return .list(kept.filter { $0.count > 1 }.map(\.item))
    }

    /// Lists of `size` items; the last may be shorter.
    private static func partition(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let items = arguments.list(0), let size = arguments.integer(1), size > 0 else { return nil }
        return .list(
            stride(from: 0, to: items.count, by: size).map { start in
                .list(Array(items[start..<min(items.count - start, size) + start]))
            })
    }

    // MARK: Times

    /// A timer's cycle, `R3/PT1H`; without a number of repetitions, without end.
    private static func cycle(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let interval = arguments.values.last?.unwrappedSingleton else { return nil }
        switch interval {
        case .daysTimeDuration, .yearsMonthsDuration: break
        case .null, .bool, .number, .string, .list, .context, .date, .time, .dateTime, .range, .function: return nil
        }
        var count = ""
        if arguments.values.count == 2, !arguments.values[0].isNull {
            guard let repetitions = arguments.integer(0), repetitions >= 0 else { return nil }
            count = String(repetitions)
        }
        return interval.temporalText.map { .string("R\(count)/\($0)") }
    }

    /// A local date and time in a zone, or the same moment there.
    static func dateTime(_ moment: ZonedDateTime, in name: String, _ zones: any ZoneRules) -> Datum? {
        guard let zone = Zone(name[...]) ?? Zone("@" + name[...]), zone != .local else { return nil }
        if moment.zone == .local { return .dateTime(ZonedDateTime(moment.dateTime, zone)) }
        guard let offset = moment.resolved(by: zones).offset, let instant = moment.dateTime.timestamp(offset: offset),
            let target = zone.offset(at: instant, zones),
            let there = CivilDateTime(
                nanosecondsSinceEpoch: moment.dateTime.nanosecondsSinceEpoch
                    + Int128(target.seconds - offset.seconds) * DurationText.nanosecondsPerSecond)
        else { return nil }
        var result = ZonedDateTime(there, zone)
        if case .region = zone { result.regionOffset = target }
        return .dateTime(result)
    }
}

extension Zone {
    fileprivate func offset(at instant: Timestamp, _ zones: any ZoneRules) -> ZoneOffset? {
        switch self {
        case .local: nil
        case .offset(let offset): offset
        case .region(let name): fixedOffset ?? zones.offset(of: name, at: instant)
        }
    }
}
