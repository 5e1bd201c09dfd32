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

    /// What is counted, by the names that modelers know.
    enum Count: Sendable, CaseIterable {
        case all
        case active
        case completed

        var names: [String] {
            switch self {
            case .all: ["nrOfInstances", "numberOfInstances"]
            case .active: ["nrOfActiveInstances", "numberOfActiveInstances"]
            case .completed: ["nrOfCompletedInstances", "numberOfCompletedInstances"]
            }
        }
    }

    static let names = Count.allCases.flatMap(\.names) + ["numberOfTerminatedInstances"]

    /// What expressions may read of it.
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
