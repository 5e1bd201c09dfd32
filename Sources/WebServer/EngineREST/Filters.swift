import Hummingbird
import HummingbirdCore
import Values

/// What a list is asked for: the parameters of a query, or the members of a body, which have the same names. Those that nobody
/// reads are left alone, as Camunda does.
struct Filters {
    private let find: (String) -> JSON?

    init(query request: Request) {
        find = { name in request.uri.queryParameters[Substring(name)].map { .string(String($0)) } }
    }

    init(body: JSON) {
        find = { name in body[name].flatMap { $0.isNull ? nil : $0 } }
    }

    func string(_ name: String) -> String? {
        find(name).map { $0.stringValue ?? $0.text }
    }

    /// `true` in any case; false for everything else that is given.
    func flag(_ name: String) -> Bool {
        string(name)?.lowercased() == "true"
    }

    /// A list: with commas in a query, an array in a body.
    func list(_ name: String) -> [String]? {
        guard let value = find(name) else { return nil }
        if let elements = value.elements() { return elements.map { $0.stringValue ?? $0.text } }
        return (value.stringValue ?? value.text).split(separator: ",").map(String.init)
    }

    func int(_ name: String) throws(CamundaError) -> Int? {
        guard let text = string(name), !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw .invalid("Cannot set query parameter '\(name)' to value '\(text)': it is no whole number")
        }
        return number
    }

    /// `firstResult` and `maxResults`, of what is sorted already.
    func page<Element>(_ all: [Element]) throws(CamundaError) -> [Element] {
        let first = max(try int("firstResult") ?? 0, 0)
        guard let limit = try int("maxResults") else { return Array(all.dropFirst(first)) }
        return Array(all.dropFirst(first).prefix(max(limit, 0)))
    }

    /// How many of the matching rows a page needs, from the first.
    var rowsNeeded: Int {
        get throws(CamundaError) {
            guard let limit = try int("maxResults") else { return .max }
            return max(try int("firstResult") ?? 0, 0).addingReportingOverflow(max(limit, 0)).partialValue
        }
    }

    /// SQL's `LIKE` with `%` at the ends, which is how clients use it.
    static func like(_ pattern: String, _ text: String) -> Bool {
        let word = pattern.trimmingPrefix("%")
        let isOpenAtEnd = word.hasSuffix("%")
        let core = isOpenAtEnd ? String(word.dropLast()) : String(word)
        switch (pattern.hasPrefix("%"), isOpenAtEnd) {
        case (true, true): return text.contains(core)
        case (true, false): return text.hasSuffix(core)
        case (false, true): return text.hasPrefix(core)
        case (false, false): return text == core
        }
    }
}
