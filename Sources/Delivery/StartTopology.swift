/// Starts over the bus: an exchange, a queue for each workflow, and one for those that were refused.
extension BusNames {
    package var startsExchange: String { prefix + "waybill.starts" }
    /// Whoever wants answers binds a queue of its own to it.
    package var answersExchange: String { prefix + "waybill.answers" }
    package func startQueue(of workflow: String) -> String { prefix + startKey(of: workflow) }
    package func startKey(of workflow: String) -> String { "start.\(workflow)" }
    /// The workflow that a routing key asks for; nil: it asks for none.
    package func workflow(ofStartKey key: String) -> String? {
        key.hasPrefix("start.") ? String(key.dropFirst("start.".count)) : nil
    }
    /// An exchange, and its queue: what no workflow's queue takes, where the bus has the policy that makes it the alternate exchange of
    /// `startsExchange`. Not an argument of that one, which installations have without it: it could not be declared any more.
    package var unknownStartsQueue: String { prefix + "waybill.starts.unknown" }
    /// What was refused, with the reason in the header `waybill-reason`, until somebody looks.
    package var refusedStartsQueue: String { prefix + "waybill.starts.refused" }
    package var refusedStartsKey: String { "refused" }

    /// Like those of task queues, the arguments never change.
    package func startTopology(workflows: [String], queueType: QueueType = .quorum) -> Topology {
        var topology = Topology(exchanges: [
            .init(name: startsExchange, kind: .direct), .init(name: answersExchange, kind: .direct),
            .init(name: unknownStartsQueue, kind: .fanout),
        ])
        topology.add(
            queue: refusedStartsQueue, arguments: keeping(queueType), exchange: startsExchange, key: refusedStartsKey)
        var arguments = keeping(queueType)
        arguments.append(.init(name: "x-dead-letter-exchange", value: .string(startsExchange)))
        arguments.append(.init(name: "x-dead-letter-routing-key", value: .string(refusedStartsKey)))
        if queueType == .quorum {
            arguments.append(.init(name: "x-dead-letter-strategy", value: .string("at-least-once")))
            arguments.append(.init(name: "x-delivery-limit", value: .integer(20)))
        }
        topology.add(queue: unknownStartsQueue, arguments: arguments, exchange: unknownStartsQueue, key: "")
        for workflow in workflows.sorted() {
            topology.add(
                queue: startQueue(of: workflow), arguments: arguments, exchange: startsExchange,
                key: startKey(of: workflow))
        }
        return topology
    }
}
