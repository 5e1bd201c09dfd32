import OrderedCollections
import Values

/// FEEL's functions of contexts.
enum ContextFunctions {
    static let all: [BuiltIn] = [
        BuiltIn(
            "get value",
            .fixed([[.init("m", .context), .init("key", .string)], [.init("m", .context), .init("keys", .list)]]), .any
        ) { arguments in
            guard case .context(let members) = arguments.values[0] else { return nil }
            if let key = arguments.string(1) { return members[key] }
            return arguments.list(1).flatMap { path($0) }.flatMap { value(at: $0[...], in: members) }
        },
        BuiltIn("get entries", [.init("m", .context)], .list(of: .anyContext)) { arguments in
            guard case .context(let members) = arguments.values[0] else { return nil }
            return .list(members.map { .context(["key": .string($0.key), "value": $0.value]) })
        },
        BuiltIn("context", [.init("entries", .list)], .anyContext) { $0.list(0).flatMap { context(of: $0) } },
        BuiltIn("context merge", [.init("contexts", .list)], .anyContext) { $0.list(0).flatMap { merge($0) } },
        BuiltIn(
            "context put",
            .fixed([
                [.init("context", .context), .init("key", .string), .init("value")],
                [.init("context", .context), .init("keys", .list), .init("value")],
            ]), .anyContext
        ) { arguments in
            guard case .context(let members) = arguments.values[0] else { return nil }
            if let key = arguments.string(1) { return put(arguments.values[2], at: [key], in: members) }
            guard let keys = arguments.list(1).flatMap({ path($0) }) else { return nil }
            return put(arguments.values[2], at: keys[...], in: members)
        },
    ]

    /// At least one key, all strings.
    private static func path(_ items: [Datum]) -> [String]? {
        var keys: [String] = []
        for item in items {
            guard case .string(let key) = item else { return nil }
            keys.append(key)
        }
        return keys.isEmpty || keys.count > 100 ? nil : keys
    }

    private static func value(at keys: ArraySlice<String>, in members: OrderedDictionary<String, Datum>) -> Datum? {
        guard let key = keys.first, let member = members[key] else { return nil }
        if keys.count == 1 { return member }
        guard case .context(let inner) = member else { return nil }
        return value(at: keys.dropFirst(), in: inner)
    }

    /// The context with the value at the end of a path whose other keys are contexts.
    private static func put(
        _ value: Datum, at keys: ArraySlice<String>, in members: OrderedDictionary<String, Datum>
    ) -> Datum? {
        guard let key = keys.first else { return nil }
        var changed = members
        if keys.count == 1 {
            changed[key] = value
        } else {
            guard case .context(let inner)? = members[key], let put = put(value, at: keys.dropFirst(), in: inner) else {
                return nil
            }
            changed[key] = put
        }
        return .context(changed)
    }

    /// Of `{key, value}` entries with different keys.
    private static func context(of entries: [Datum]) -> Datum? {
        var members: OrderedDictionary<String, Datum> = [:]
        for entry in entries {
            guard case .context(let entry) = entry, case .string(let key)? = entry["key"], let value = entry["value"],
                members.updateValue(value, forKey: key) == nil
            else { return nil }
        }
        return .context(members)
    }

    /// Later contexts win.
    static func merge(_ contexts: [Datum]) -> Datum? {
        var members: OrderedDictionary<String, Datum> = [:]
        for context in contexts {
            guard case .context(let others) = context else { return nil }
            members.merge(others) { $1 }
        }
        return .context(members)
    }
}
