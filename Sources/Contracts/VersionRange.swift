/// Which versions of a contract somebody takes: `latest`, `1.2`, `1`, `1.x`, `^1.2`, `>=1.2 <2`.
///
/// Of several versions in the range the newest is meant. Conditions with a space between them hold all at once.
package struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    private enum Bound: Sendable, Hashable {
        case atLeast(ContractVersion)
        case below(ContractVersion)
    }

    /// Why a text is no range, and what one looks like.
    package struct Mistake: Error, Sendable, Hashable {
        package let message: String
    }

    private let bounds: [Bound]
    /// As it was written.
    package let description: String

    /// Any version.
    package static let latest = VersionRange(bounds: [], description: "latest")

    private init(bounds: [Bound], description: String) {
        self.bounds = bounds
        self.description = description
    }

    package init(_ text: String) throws(Mistake) {
        var bounds: [Bound] = []
        var operation = ""
        let words = text.split(separator: " ").map { String($0) }
        guard !words.isEmpty else { throw Mistake(message: "a version range is empty: leave it out for the latest") }
        if words != ["latest"], words != ["*"] {
            for word in words {
                // `>= 1.2` is as good as `>=1.2`.
                if operation.isEmpty, ["<", "<=", ">", ">=", "=", "^"].contains(word) {
                    operation = word
                    continue
                }
                bounds += try Self.bounds(operation + word, of: text)
                operation = ""
            }
            guard operation.isEmpty else { throw Self.mistake(text, "no version follows '\(operation)'") }
        }
        let lowest = bounds.compactMap { if case .atLeast(let version) = $0 { version } else { nil } }.max()
        let end = bounds.compactMap { if case .below(let version) = $0 { version } else { nil } }.min()
        if let lowest, let end, lowest >= end { throw Self.mistake(text, "no version can be in it") }
        self.init(bounds: bounds, description: text)
    }

    package func contains(_ version: ContractVersion) -> Bool {
        bounds.allSatisfy { bound in
            switch bound {
            case .atLeast(let lowest): version >= lowest
            case .below(let end): version < end
            }
        }
    }

    private static func mistake(_ text: String, _ why: String) -> Mistake {
        Mistake(
            message:
                "'\(text)' is no version range: \(why); write latest, 1.2, 1.x, ^1.2, or conditions such as >=1.2 <2")
    }

    private static func bounds(_ word: String, of text: String) throws(Mistake) -> [Bound] {
        let operation = ["<=", ">=", "<", ">", "=", "^"].first { word.hasPrefix($0) } ?? ""
        var rest = String(word.dropFirst(operation.count))
        if rest.hasSuffix(".x") || rest.hasSuffix(".*") {
            guard operation.isEmpty || operation == "=" else {
                throw mistake(text, "'\(word)' has a condition and a wildcard")
            }
            rest.removeLast(2)
        }
        // A major alone is all of its minors.
        let whole = ContractVersion(rest + ".0")
        guard let first = ContractVersion(rest) ?? whole else {
            throw mistake(text, "'\(word)' is not major.minor, such as 1.2")
        }
        let nextMajor = ContractVersion(major: first.major + 1, minor: 0)
        let next = whole == nil ? ContractVersion(major: first.major, minor: first.minor + 1) : nextMajor
        switch operation {
        case "^": return [.atLeast(first), .below(nextMajor)]
        case ">=": return [.atLeast(first)]
        case ">": return [.atLeast(next)]
        case "<": return [.below(first)]
        case "<=": return [.below(next)]
        default: return [.atLeast(first), .below(next)]
        }
    }
}
