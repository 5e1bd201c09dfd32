package import Values

/// One difference between two versions of something, at a place that people know it by.
package struct Change: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case added, removed, changed }

    package var kind: Kind
    /// `input.preset.default`, `retry.maxAttempts`, `camunda:topic`.
    package var path: String
    /// Nil for what was added.
    package var before: Value?
    /// Nil for what was removed.
    package var after: Value?

    package init(added path: String, _ after: Value) {
        (kind, self.path, before, self.after) = (.added, path, nil, after)
    }

    package init(removed path: String, _ before: Value) {
        (kind, self.path, self.before, after) = (.removed, path, before, nil)
    }

    package init(changed path: String, from before: Value, to after: Value) {
        (kind, self.path, self.before, self.after) = (.changed, path, before, after)
    }

    /// From one value to another, either of which may be missing; nil if they are equal.
    package init?(_ path: String, from before: Value?, to after: Value?) {
        guard before != after else { return nil }
        if let before, let after {
            self.init(changed: path, from: before, to: after)
        } else if let after {
            self.init(added: path, after)
        } else if let before {
            self.init(removed: path, before)
        } else {
            return nil
        }
    }
}
