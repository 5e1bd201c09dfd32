/// What somebody may do. Each route needs one of them; nobody has one that no role of his gives.
package enum Right: String, Sendable, Hashable, CaseIterable {
    /// Learn that a server is there, and which.
    case connect
    case read
    /// Start workflows, send messages and signals.
    case start
    /// Change what runs: cancel, retry, modify, migrate, suspend, set variables, work on user tasks.
    case operate
    /// Change what is deployed, and the settings of the installation.
    case deploy
    /// Fetch external tasks of the Camunda 7 dialect, and answer them.
    case work
}

/// A fixed set of rights: what the file of keys gives.
package enum KeyRole: String, Sendable, Hashable, CaseIterable {
    case viewer
    case starter
    case `operator`
    case deployer
    case worker
    case admin

    package var rights: Set<Right> {
        switch self {
        case .viewer: [.connect, .read]
        case .starter: [.connect, .read, .start]
        case .operator: [.connect, .read, .operate]
        case .deployer: [.connect, .read, .deploy]
        case .worker: [.connect, .work]
        case .admin: Set(Right.allCases)
        }
    }
}
