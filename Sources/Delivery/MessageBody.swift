import Values

/// The JSON object in a message's body, with readers that name the member that is wrong.
///
/// It is split into its members once: each look at the text would step over the large ones among them again.
struct MessageBody {
    private let members: [(name: String, value: JSON)]
    private let limits: EnvelopeLimits

    /// An empty body is an empty object.
    init(_ message: BusMessage, limits: EnvelopeLimits) throws(EnvelopeError) {
        let bytes = message.body
        let count = message.unreadBytes ?? bytes.count
        guard message.unreadBytes == nil, count <= limits.bodyBytes else {
            throw EnvelopeError(.tooLarge, "the message has \(count) bytes; at most \(limits.bodyBytes) are taken")
        }
        self.limits = limits
        if bytes.isEmpty {
            members = []
            return
        }
        let json: JSON
        do {
            json = try JSON(validating: bytes)
        } catch {
            throw EnvelopeError(
                .notJSON, "the body is not JSON: \(error.message) at line \(error.line), column \(error.column)")
        }
        members = try Self.members(of: json)
    }

    /// The body of one that is part of a larger message.
    init(_ json: JSON, limits: EnvelopeLimits) throws(EnvelopeError) {
        self.limits = limits
        members = try Self.members(of: json)
    }

    private static func members(of json: JSON) throws(EnvelopeError) -> [(name: String, value: JSON)] {
        guard let members = json.members() else {
            throw EnvelopeError(.wrongShape, "the body is not a JSON object")
        }
        return members
    }

    /// A member; null counts as absent.
    subscript(name: String) -> JSON? {
        guard let value = members.first(where: { $0.name == name })?.value, !value.isNull else { return nil }
        return value
    }

    /// The members there are.
    var names: [String] { members.map(\.name) }

    /// A text that is not cut.
    func word(_ member: String) throws(EnvelopeError) -> String? {
        guard let value = self[member] else { return nil }
        guard let text = value.stringValue else { throw EnvelopeError(.wrongShape, "\(member) is not a string") }
        return text
    }

    func wholeNumber(_ member: String) throws(EnvelopeError) -> Int? {
        guard let value = self[member] else { return nil }
        guard let number = value.intValue else { throw EnvelopeError(.wrongShape, "\(member) is not a whole number") }
        return number
    }

    /// A name: not empty, at most 256 bytes.
    func name(_ member: String) throws(EnvelopeError) -> String {
        guard let text = self[member]?.stringValue, !text.isEmpty, text.utf8.count <= 256 else {
            throw EnvelopeError(.wrongShape, "\(member) is missing, empty, too long or not a string")
        }
        return text
    }

    func text(_ member: String) throws(EnvelopeError) -> String? {
        guard let value = self[member] else { return nil }
        guard let text = value.stringValue else { throw EnvelopeError(.wrongShape, "\(member) is not a string") }
        return EnvelopeLimits.cut(text, to: limits.textBytes)
    }

    /// A text of any length, or any other JSON as its text.
    func details(_ member: String) -> String? {
        guard let value = self[member] else { return nil }
        return EnvelopeLimits.cut(value.stringValue ?? value.text, to: limits.detailsBytes)
    }

    func flag(_ member: String) throws(EnvelopeError) -> Bool? {
        guard let value = self[member] else { return nil }
        guard let flag = value.boolValue else { throw EnvelopeError(.wrongShape, "\(member) is not true or false") }
        return flag
    }

    /// A number from `range`.
    func number(_ member: String, in range: ClosedRange<Double>) throws(EnvelopeError) -> Double? {
        guard let value = self[member] else { return nil }
        guard let number = value.doubleValue, range.contains(number) else {
            throw EnvelopeError(
                .wrongShape, "\(member) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func object(_ member: String) throws(EnvelopeError) -> JSON? {
        guard let value = self[member] else { return nil }
        guard value.isObject else { throw EnvelopeError(.wrongShape, "\(member) is not an object") }
        return value
    }
}
