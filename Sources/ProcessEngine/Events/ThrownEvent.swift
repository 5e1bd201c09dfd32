package import Values

/// What an instance throws. Signals and messages are effects: the service brings them to other instances and to start
/// events.
package enum ThrownEvent: Sendable, Hashable {
    /// Its own subscriptions have it already; it is for all other instances and for signal start events.
    case signal(name: String, by: ElementID, variables: [Variable])
    /// For one subscription, in this instance or another, or for a message start event.
    case message(ThrownMessage)
    /// `caughtBy` is nil if nothing caught it here: then it is for the calling instance.
    case escalation(code: String?, by: ElementID, caughtBy: ElementID?, variables: [Variable])
    /// Nothing caught a BPMN error: the path of `by` ends, and the instance will have ended with the first of them.
    case uncaughtError(code: String, message: String?, by: ElementID)
}

package struct ThrownMessage: Sendable, Hashable {
    package var name: String
    package var by: ElementID
    package var correlationKey: JSON?
    package var businessKey: String?
    package var variables: [Variable]

    package init(name: String, by: ElementID, correlationKey: JSON?, businessKey: String?, variables: [Variable]) {
        self.name = name
        self.by = by
        self.correlationKey = correlationKey
        self.businessKey = businessKey
        self.variables = variables
    }
}
