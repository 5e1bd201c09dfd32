extension ContractKey {
    /// What a model means by the topic of an external task: `name@2`, or a bare `name`, which is major 1. Nil for what no model
    /// may name.
    package static func named(byTopic topic: String) -> ContractKey? {
        TaskReader.contract(topic)
    }
}
