package import Contracts
import OrderedCollections
import Values

/// What differs between two versions of a contract, by field: inputs, outputs, errors, events and policies. The version itself is no
/// difference.
package enum ContractDiff {
    package static func changes(from old: Contract, to new: Contract) -> [Change] {
        let before = old.canonical.decoded()
        let after = new.canonical.decoded()
        var changes: [Change] = []
        for field in names(before, after) {
            switch field {
            case "version": continue
            case "input", "output":
                var comparison = SchemaDifference()
                comparison.compare(before[field] ?? true, after[field] ?? true, at: field, depth: 0)
                changes += comparison.changes
            case "errors": changes += keyed("code", field, before[field], after[field])
            case "events": changes += keyed("name", field, before[field], after[field])
            case "categories", "secrets", "settings": changes += sets(field, before[field], after[field])
            default: changes += members(field, before[field], after[field])
            }
        }
        return changes
    }

    /// The names of both, in the order of the second, then what only the first has.
    fileprivate static func names(_ before: Value?, _ after: Value?) -> [String] {
        var names = OrderedSet(after?.objectValue.map { Array($0.keys) } ?? [])
        names.append(contentsOf: before?.objectValue.map { Array($0.keys) } ?? [])
        return Array(names)
    }

    /// Objects by member, everything else as a whole.
    private static func members(_ path: String, _ before: Value?, _ after: Value?) -> [Change] {
        guard before?.objectValue != nil, after?.objectValue != nil else {
            return Change(path, from: before, to: after).map { [$0] } ?? []
        }
        return names(before, after).flatMap { members("\(path).\($0)", before?[$0], after?[$0]) }
    }

    /// Lists whose elements are known by a member.
    private static func keyed(_ key: String, _ path: String, _ before: Value?, _ after: Value?) -> [Change] {
        func index(_ list: Value?) -> OrderedDictionary<String, Value> {
            OrderedDictionary(
                (list?.listValue ?? []).map { ($0[key]?.stringValue ?? $0.description, $0) }, uniquingKeysWith: { $1 })
        }
        let (old, new) = (index(before), index(after))
        var changes: [Change] = []
        for name in OrderedSet(new.keys).union(old.keys) {
            if let was = old[name], let now = new[name] {
                changes += members("\(path).\(name)", was, now)
            } else if let change = Change(
                "\(path).\(name)", from: old[name].map { without(key, $0) }, to: new[name].map { without(key, $0) })
            {
                changes.append(change)
            }
        }
        return changes
    }

    private static func without(_ key: String, _ value: Value) -> Value {
        var members = value.objectValue ?? [:]
        members[key] = nil
        return .object(members)
    }

    /// Lists whose order says nothing.
    private static func sets(_ path: String, _ before: Value?, _ after: Value?) -> [Change] {
        let old = (before?.listValue ?? []).compactMap(\.stringValue)
        let new = (after?.listValue ?? []).compactMap(\.stringValue)
        return new.filter { !old.contains($0) }.map { Change(added: "\(path).\($0)", true) }
            + old.filter { !new.contains($0) }.map { Change(removed: "\(path).\($0)", true) }
    }
}

/// Walks two JSON Schemas side by side, as far as they describe members; what else they say differs as a whole keyword.
private struct SchemaDifference {
    var changes: [Change] = []

    mutating func compare(_ before: Value, _ after: Value, at path: String, depth: Int) {
        guard before != after else { return }
        guard depth < 64, before.objectValue != nil, after.objectValue != nil else {
            changes.append(Change(changed: path, from: before, to: after))
            return
        }
        compareMembers(before, after, at: path, depth: depth)
        for keyword in ContractDiff.names(before, after)
        where !["properties", "required"].contains(keyword) && before[keyword] != after[keyword] {
            if keyword == "items", let was = before[keyword], let now = after[keyword] {
                compare(was, now, at: "\(path)[]", depth: depth + 1)
            } else if let change = Change("\(path).\(keyword)", from: before[keyword], to: after[keyword]) {
                changes.append(change)
            }
        }
    }

    private mutating func compareMembers(_ before: Value, _ after: Value, at path: String, depth: Int) {
        let (old, new) = (before["properties"], after["properties"])
        for name in ContractDiff.names(old, new) {
            let required = (isRequired(name, before), isRequired(name, after))
            switch (old?[name], new?[name]) {
            case (let was?, let now?):
                compare(was, now, at: "\(path).\(name)", depth: depth + 1)
                if required.0 != required.1 {
                    changes.append(
                        Change(
                            changed: "\(path).\(name)", from: .string(Self.word(required.0)),
                            to: .string(Self.word(required.1))))
                }
            case (nil, let now?):
                changes.append(Change(added: "\(path).\(name)", Self.described(now, isRequired: required.1)))
            case (let was?, nil):
                changes.append(Change(removed: "\(path).\(name)", Self.described(was, isRequired: required.0)))
            case (nil, nil): continue
            }
        }
    }

    private func isRequired(_ name: String, _ schema: Value) -> Bool {
        (schema["required"]?.listValue ?? []).contains(.string(name))
    }

    private static func word(_ isRequired: Bool) -> String { isRequired ? "required" : "optional" }

    /// The schema, with a word of whether it must be there.
    private static func described(_ schema: Value, isRequired: Bool) -> Value {
        guard isRequired, var members = schema.objectValue else { return schema }
        members["required"] = members["required"] ?? true
        return .object(members)
    }
}
