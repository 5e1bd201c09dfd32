import ArgumentParser

/// A part of Waybill that a process plays.
///
/// Whoever decides about instances (engine, broker, web) has an engine of its own: it is a cache beside the store, and several
/// on one store do not disturb each other.
enum Role: String, CaseIterable, ExpressibleByArgument, Hashable {
    /// Timers and lost leases.
    case engine
    /// Tasks to the bus, results from it.
    case broker
    /// Makes the engine equal to the config store.
    case deployer
    /// Keeps the workflow index in step with the journal.
    case indexer
    /// The REST API.
    case web

    /// Roles as a list with commas, `engine,broker`; `all` for every one.
    static func list(_ text: String) throws -> Set<Role> {
        if text == "all" { return Set(allCases) }
        var roles: Set<Role> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = word.drop(while: { $0 == " " })
            guard let role = Role(rawValue: String(name)) else {
                throw ValidationError(
                    "there is no role '\(name)'; there are: \(allCases.map(\.rawValue).joined(separator: ", ")), or all"
                )
            }
            roles.insert(role)
        }
        return roles
    }
}
