package import ProcessEngine
import Values

/// Gives messages to those who wait for them: instances that wait at a message event, and processes that a message starts.
package protocol MessageCorrelation: Sendable {
    /// Correlates in one durable step. Throws `Rejection`: `.gone` if nobody waits for it, `.conflict` if several do and only one
    /// was asked for. Answers in the order of the instances' ids.
    func correlate(_ message: CorrelatedMessage) async throws -> [CorrelationResult]
}

package struct CorrelatedMessage: Sendable, Hashable {
    package var name: String
    package var businessKey: String?
    package var instance: InstanceID?
    /// Variables that the waiting instance must have with these values.
    package var correlationKeys: [Variable]
    package var variables: [Variable]
    /// Everybody who waits gets it; else it must be exactly one.
    package var all: Bool

    package init(
        name: String, businessKey: String? = nil, instance: InstanceID? = nil, correlationKeys: [Variable] = [],
        variables: [Variable] = [], all: Bool = false
    ) {
        self.name = name
        self.businessKey = businessKey
        self.instance = instance
        self.correlationKeys = correlationKeys
        self.variables = variables
        self.all = all
    }
}

package struct CorrelationResult: Sendable, Hashable {
    package var instance: InstanceID
    package var definition: DefinitionID
    package var businessKey: String?
    /// Whether the message started the instance.
    package var started: Bool

    package init(instance: InstanceID, definition: DefinitionID, businessKey: String?, started: Bool) {
        self.instance = instance
        self.definition = definition
        self.businessKey = businessKey
        self.started = started
    }
}
