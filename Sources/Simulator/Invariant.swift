/// What must hold in every world.
package enum Invariant: String, Sendable, Hashable, CaseIterable, Codable {
    // At every moment.
    case appliedOnce = "a task takes one result"
    case currentAttempt = "only the attempt that is out counts"
    case ackAfterCommit = "no result is acknowledged before its commit"
    case ackAfterResult = "no task is acknowledged before its result is kept"
    case agentMemory = "an agent does nothing again that it has told"

    case expiration = "no message outlives its lease in a queue"
    case selfFence = "an agent that hears nothing for a whole lease stops"

    // When all is well again.
    case progress = "everything comes to its end in the time of its own remedy"
    case history = "the journal is a sound history"
    case startedOnce = "a request starts one instance"
    case durability = "what was promised is kept"
    case outbox = "what an instance sends is sent"
    case nothingLeft = "nothing is left over"
    case retries = "no retry is spent on what is not the task's fault"
    case index = "the index says what the journal says"
    case calm = "without a fault nothing is done twice and no lease runs out"

    // Of the world itself.
    case world = "the world goes on"
}

package struct Violation: Sendable, Hashable, Codable, CustomStringConvertible {
    package var invariant: Invariant
    package var text: String

    package var description: String { "\(invariant.rawValue): \(text)" }
}
