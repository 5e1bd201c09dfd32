/// What keeps work from being lost or applied twice. Each can be taken away at the boundary of the code that has it, to see that the
/// simulator notices: a store that does not look at fences, a bus that confirms before it keeps, an agent that acknowledges early.
package enum Protection: String, Sendable, Hashable, CaseIterable, Codable {
    /// The store checks that a result comes from the attempt that holds the task.
    case fence
    /// The store refuses what was decided on an old state of an instance.
    case sequence
    /// An idempotency key starts one instance.
    case startKey = "start-key"
    /// What instances cause in each other is taken out of the inbox by the transaction that applies it.
    case inbox
    /// Leases run out, and what nobody has any more is given out again.
    case reaper
    /// A publish counts when the bus has confirmed it.
    case confirms
    /// A publish that no queue takes is returned.
    case mandatory
    /// What the bus takes out of a queue goes to the dead letters.
    case deadLetters = "dead-letters"
    /// A message that waited for its whole lease is not delivered any more.
    case expiration
    /// The broker acknowledges a result after the commit.
    case ackAfterCommit = "ack-after-commit"
    /// An agent acknowledges a task after the confirm of its result.
    case ackAfterResult = "ack-after-result"
    /// An agent says that it is alive.
    case heartbeat
    /// An agent that hears nothing from the bus for nearly a lease stops its work.
    case selfFence = "self-fence"
    /// An agent knows what it has done when a task comes again.
    case agentMemory = "agent-memory"
    /// The reader of a shared journal waits for transactions that began earlier.
    case snapshotHorizon = "snapshot-horizon"
    /// A cancel, and whatever else is in the outbox, is removed after the bus has it.
    case outbox
}
