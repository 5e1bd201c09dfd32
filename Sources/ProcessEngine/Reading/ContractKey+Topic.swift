extension ContractKey {
    /// What a model means by the topic of an external task: `name@2`, or a bare `name`, which is major 1. Nil for what no model
    /// may name.
    package static func named(byTopic topic: String) -> ContractKey? {
        TaskReader.contract(topic)
    }

    /// The topic as a model names it: major 1 goes without saying.
    package var topic: String { major == 1 ? name : description }
}
