import Contracts
import Values

extension Change {
    /// `input.preset.default was "web", is "proxy"`.
    package var phrase: String {
        switch (before, after) {
        case (let before?, let after?):
            before.brief == after.brief
                ? "\(path) differs" : "\(path) was \(before.brief), is \(after.brief)"
        case (nil, _?): "\(path) is new"
        case (_?, nil), (nil, nil): "\(path) is gone"
        }
    }
}

extension ModelDiff {
    /// What differs, one phrase an element: `serviceTask review: name was "A", is "B"`.
    package var phrases: [String] {
        guard !changesNothing else {
            return [layoutChanged ? "only the drawing differs" : "only white space, comments and the like differ"]
        }
        return elements.map { element in
            let subject = "\(element.type) \(element.id)"
            return switch element.kind {
            case .added: "\(subject) is new"
            case .removed: "\(subject) is gone"
            case .changed: "\(subject): \(element.changes.map(\.phrase).joined(separator: ", "))"
            }
        }
    }
}

/// Differences in one sentence: the first few of them.
package enum DifferenceText {
    private static let limit = 3

    /// `a; b; and 4 more`; nil if there is none.
    package static func brief(_ phrases: [String]) -> String? {
        guard !phrases.isEmpty else { return nil }
        let rest = phrases.count - limit
        return (phrases.prefix(limit) + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "; ")
    }
}
