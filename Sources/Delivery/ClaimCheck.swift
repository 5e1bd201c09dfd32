import ProcessEngine
import Values

/// An input member that is too large for the bus: the message says where it is, and the attempt's token opens it.
package struct ClaimCheck: Sendable, Hashable {
    package var name: String
    /// Absolute, `http` or `https`. A GET with the header `waybill-token` answers the value as JSON.
    package var href: String
    /// The length of the value's JSON text.
    package var bytes: Int

    package init(name: String, href: String, bytes: Int) {
        self.name = name
        self.href = href
        self.bytes = bytes
    }

    var json: JSON { .object([(name: "href", value: .string(href)), (name: "bytes", value: .number(bytes))]) }

    /// Reads the member `claims` of a task message's body.
    static func decoding(_ claims: JSON, besides input: JSON) throws(EnvelopeError) -> [ClaimCheck] {
        guard let members = claims.members() else { throw EnvelopeError(.wrongShape, "claims is not an object") }
        var checks: [ClaimCheck] = []
        for (name, claim) in members {
            guard let href = claim["href"]?.stringValue, href.utf8.count <= longestHref,
                (try? HTTPAddress(href)) != nil
            else { throw EnvelopeError(.wrongShape, "the href of a claim is missing or no HTTP address") }
            guard let bytes = claim["bytes"]?.intValue, bytes >= 0 else {
                throw EnvelopeError(.wrongShape, "the bytes of a claim are missing or no count")
            }
            guard input[name] == nil else {
                throw EnvelopeError(.wrongShape, "a member of the input is both there and claimed")
            }
            checks.append(ClaimCheck(name: name, href: href, bytes: bytes))
        }
        return checks
    }

    private static let longestHref = 8 << 10

    /// Nil for a name that a URL's path cannot end with: clients drop dot segments, routers empty ones.
    init?(of name: String, _ value: JSON, in task: AttemptID, base: String) {
        guard !["", ".", ".."].contains(name) else { return nil }
        let href = "\(base)/v1/tasks/\(Self.escaped(task.task.description))/input/\(Self.escaped(name))"
        guard href.utf8.count <= Self.longestHref else { return nil }
        self.init(name: name, href: href, bytes: value.byteCount)
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

extension TaskMessage {
    /// The message with input members replaced by claim checks, the biggest first, until its body has no more than
    /// `limits.claimBytes`. A member that is no longer than its claim check stays.
    package func claimingLargeInputs(base: String, limits: EnvelopeLimits) -> TaskMessage {
        // Nearly all are small: those are not even looked into.
        let names = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.byteCount + 4 }
        let texts = (workflow?.utf8.count ?? 0) + (runAs?.utf8.count ?? 0) + names
        let most = input.byteCount + (settings?.byteCount ?? 0) + BodySize.frame + BodySize.mostOfACharacter * texts
        guard most > limits.claimBytes, let members = input.members() else { return self }
        var body = BodySize(members, beside: particulars)
        guard body.total > limits.claimBytes else { return self }
        var checks: [ClaimCheck?] = members.map { _ in nil }
        let biggestFirst = members.indices.sorted {
            (members[$1].value.byteCount, $0) < (members[$0].value.byteCount, $1)
        }
        for index in biggestFirst where body.total > limits.claimBytes {
            let (name, value) = members[index]
            guard let check = ClaimCheck(of: name, value, in: id, base: base), check.json.byteCount < value.byteCount
            else { continue }
            checks[index] = check
            body.claim(name, value, check)
        }
        var message = self
        message.input = .object(zip(members, checks).filter { $1 == nil }.map { $0.0 })
        message.claims = checks.compactMap { $0 }
        return message
    }

    /// Counts the bytes of a body without writing it.
    private struct BodySize {
        /// More than what surrounds the values.
        static let frame = 256
        /// Bytes of an escaped one.
        static let mostOfACharacter = 6

        private var input = (bytes: 0, count: 0)
        private var claims = (bytes: 0, count: 0)
        private var beside = 0

        init(_ members: [(name: String, value: JSON)], beside others: [(name: String, value: JSON)]) {
            beside = others.reduce(0) { $0 + 1 + Self.bytes($1.name, $1.value) }
            for (name, value) in members { input.bytes += Self.bytes(name, value) }
            input.count = members.count
        }

        mutating func claim(_ name: String, _ value: JSON, _ check: ClaimCheck) {
            input.bytes -= Self.bytes(name, value)
            input.count -= 1
            claims.bytes += Self.bytes(name, check.json)
            claims.count += 1
        }

        var total: Int {
            let plain = #"{"input":{}}"#.utf8.count + beside + input.bytes + max(0, input.count - 1)
            return claims.count == 0
                ? plain : plain + #","claims":{}"#.utf8.count + claims.bytes + claims.count - 1
        }

        private static func bytes(_ name: String, _ value: JSON) -> Int {
            JSON.string(name).byteCount + 1 + value.byteCount
        }
    }
}
