package import ProcessEngine
import Values

/// What an agent announces on `waybill.results` when it connects and every 30 s: how much of a contract it takes at once.
/// The broker's credit is made of it. An agent that never says hello is served too, with a guess.
package struct AgentHello: Sendable, Hashable {
    /// The agent's name, with something that tells its processes apart.
    package var agent: String
    package var contract: ContractKey
    package var prefetch: Int

    static let type = "hello"

    package init(agent: String, contract: ContractKey, prefetch: Int) {
        self.agent = agent
        self.contract = contract
        self.prefetch = prefetch
    }

    package func encoded(names: BusNames, partition: Int = 0) -> BusMessage {
        BusMessage(
            exchange: names.resultsExchange, routingKey: names.resultsKey(partition: partition), type: Self.type,
            body: JSON.object([
                (name: "agent", value: .string(agent)), (name: "contract", value: .string(contract.description)),
                (name: "prefetch", value: .number(prefetch)),
            ]).bytes)
    }

    init(decoding message: BusMessage, limits: EnvelopeLimits) throws(EnvelopeError) {
        let body = try MessageBody(message, limits: limits)
        agent = try body.name("agent")
        guard let contract = ContractKey(try body.name("contract")) else {
            throw EnvelopeError(.wrongShape, "contract is not <name>@<major>")
        }
        self.contract = contract
        guard let prefetch = body["prefetch"]?.intValue, (1...65_535).contains(prefetch) else {
            throw EnvelopeError(.wrongShape, "prefetch is not a whole number from 1 to 65535")
        }
        self.prefetch = prefetch
    }
}
