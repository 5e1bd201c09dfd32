import HashTreeCollections
import Values

/// Where the runs of a multi-instance or loop activity are.
struct LoopState: Sendable, Hashable {
    /// Nil: not known before.
    let count: Int?
    /// What sequential runs run over.
    let items: [JSON]
    var started = 0
    var completed = 0
    var outputs: TreeDictionary<Int, JSON> = [:]

    var active: Int { started - completed }

    static let names = [
        "nrOfInstances", "numberOfInstances", "nrOfActiveInstances", "numberOfActiveInstances",
        "nrOfCompletedInstances",
        "numberOfCompletedInstances", "numberOfTerminatedInstances",
    ]

    /// What expressions may read of it, by the names that modelers know.
    func value(named name: String) -> JSON? {
        switch name {
        case "nrOfInstances", "numberOfInstances": .number(count ?? started)
        case "nrOfActiveInstances", "numberOfActiveInstances": .number(active)
        case "nrOfCompletedInstances", "numberOfCompletedInstances": .number(completed)
        case "numberOfTerminatedInstances": .number(0)
        default: nil
        }
    }
}
