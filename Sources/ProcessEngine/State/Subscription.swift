package import Values

/// What an instance waits for from outside. `element` is the event: `activity`'s own, a boundary event on it, an event
/// after the event-based gateway that it is, or the start of an event subprocess in its scope.
package struct Subscription: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A message of that name, with that key if there is one.
        case message(name: String, key: JSON?)
        case signal(name: String)
        /// A condition on variables, which the engine itself looks at.
        case condition
        /// A command that names this very subscription: a receive task without a message.
        case call
        /// The calling instance, which may catch the escalation that was thrown.
        case answer
    }

    package let number: Int
    /// 0: the process itself.
    package let activity: Int
    package internal(set) var element: ElementID
    package let kind: Kind

    package init(number: Int, activity: Int, element: ElementID, kind: Kind) {
        self.number = number
        self.activity = activity
        self.element = element
        self.kind = kind
    }

    var isCondition: Bool { kind == .condition }
}
