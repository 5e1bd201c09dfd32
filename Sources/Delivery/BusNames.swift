package import ProcessEngine

/// The names of exchanges, queues and routing keys. The prefix precedes exchange and queue names, never routing keys, so that
/// an agent can answer with the `reply_to` it was given, whatever the prefix is.
package struct BusNames: Sendable, Hashable {
    package var prefix: String

    package init(prefix: String = "") {
        self.prefix = prefix
    }

    // Exchanges.
    package var tasksExchange: String { prefix + "waybill.tasks" }
    package var resultsExchange: String { prefix + "waybill.results" }
    package var unroutableExchange: String { prefix + "waybill.unroutable" }
    package var controlExchange: String { prefix + "waybill.control" }
    package var eventsExchange: String { prefix + "waybill.events" }
    package var deadExchange: String { prefix + "waybill.dead" }
    /// Says whose bus it is: see `ownership(of:)`.
    package var ownerExchange: String { prefix + "waybill.owner" }

    // Queues.
    package func taskQueue(of contract: ContractKey) -> String { prefix + taskKey(of: contract) }
    package func resultsQueue(partition: Int) -> String { prefix + resultsKey(partition: partition) }
    package var unroutableQueue: String { prefix + "waybill.unroutable" }
    package var deadQueue: String { prefix + "waybill.dead" }
    /// The temporary queue of one run of an agent, for control messages.
    package func agentQueue(name: String, random: String) -> String { prefix + "waybill.agent.\(name).\(random)" }

    // Routing keys.
    package func taskKey(of contract: ContractKey) -> String { "task.\(contract.name).v\(contract.major)" }
    package func resultsKey(partition: Int) -> String { "results.\(partition)" }
    /// All majors of a contract share the key: a cancel names its task, and who does not have it ignores it.
    package func cancelKey(of contract: ContractKey) -> String { "cancel.\(contract.name)" }
    package var configChangedKey: String { "config.changed" }

    /// A mark that one store alone can declare. A bus refuses an exchange that exists with another alternate exchange, at once
    /// and for every client, so the name of one that never exists keeps the store's id there. Without it a second server with
    /// a store of its own would take the first one's results from the queue as those of tasks it does not know.
    package func ownership(of store: String) -> Topology {
        Topology(exchanges: [.init(name: ownerExchange, kind: .topic, alternate: prefix + "waybill.store." + store)])
    }
}
