import Contracts
import Hummingbird
import Values

/// The JSON object of a request, read strictly: a member nobody knows or of another type is the caller's mistake, not
/// something to be left out in silence. A `null` is a member that is not given.
struct RequestBody {
    let json: JSON

    /// Throws `Problem` unless every member is one of `known`.
    init(_ json: JSON, known: [String], of what: String) throws {
        for (member, _) in json.members() ?? [] where !known.contains(member) {
            let hint = Spelling.suggestion(for: member, among: known).map { "; \($0)" } ?? ""
            let there = known.isEmpty ? "it has none" : "there are: " + known.joined(separator: ", ")
            throw Problem.badRequest("unknown member '\(member)' of \(what); \(there)\(hint)")
        }
        self.json = json
    }

    func string(_ name: String) throws -> String? {
        try member(name, "a string") { $0.stringValue }
    }

    func int(_ name: String) throws -> Int? {
        try member(name, "a whole number") { $0.intValue }
    }

    func bool(_ name: String) throws -> Bool? {
        try member(name, "true or false") { $0.boolValue }
    }

    func object(_ name: String) throws -> JSON? {
        try member(name, "an object") { $0.isObject ? $0 : nil }
    }

    func list(_ name: String) throws -> [JSON]? {
        try member(name, "a list") { $0.elements() }
    }

    private func member<T>(_ name: String, _ kind: String, _ read: (JSON) -> T?) throws -> T? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let read = read(value) else {
            let text = value.text
            throw Problem.badRequest("\(name) must be \(kind), not \(text.prefix(60))\(text.count > 60 ? "…" : "")")
        }
        return read
    }
}

extension Request {
    /// The body as an object with these members; an empty body is an empty object.
    func body(
        _ known: [String], of what: String, limit: Int = RESTAPI.bodyLimit
    ) async throws -> RequestBody {
        try await RequestBody(jsonObject(limit: limit), known: known, of: what)
    }
}
