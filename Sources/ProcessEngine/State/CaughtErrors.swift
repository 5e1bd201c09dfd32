package import Values

/// The BPMN errors that somebody around an activity catches. A called instance is told at its start which those are, so that it
/// knows at once whether an error ends it or only a path of it.
package enum CaughtErrors: Sendable, Hashable {
    case all
    /// Those with these codes, sorted, each once.
    case codes([String])

    /// Nil catches every error.
    init(_ matchers: [ErrorMatcher]) {
        let codes = matchers.compactMap(\.code)
        self = codes.count < matchers.count ? .all : .codes(Set(codes).sorted())
    }

    package func contains(_ code: String) -> Bool {
        switch self {
        case .all: true
        case .codes(let codes): codes.contains(code)
        }
    }

    func union(_ other: Self) -> Self {
        switch (self, other) {
        case (.codes(let own), .codes(let others)): .codes(Set(own + others).sorted())
        case (.all, _), (_, .all): .all
        }
    }

    /// `true`, or an array of codes.
    package var json: JSON {
        switch self {
        case .all: .bool(true)
        case .codes(let codes): .array(codes.map { .string($0) })
        }
    }

    /// Nil for what is neither.
    package init?(_ json: JSON) {
        if json.boolValue == true {
            self = .all
        } else if let elements = json.elements() {
            let codes = elements.compactMap(\.stringValue)
            guard codes.count == elements.count else { return nil }
            self = .codes(codes)
        } else {
            return nil
        }
    }
}
