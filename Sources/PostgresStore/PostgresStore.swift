import Foundation
package import Services

/// All stores in one schema of a PostgreSQL database, for several processes at once.
///
/// Isolation is READ COMMITTED. What keeps two processes from doing the same is: the key of the journal for the decisions
/// of an instance, row locks for tasks, the rows of `index_position` and `deployment_epoch`. Locks are taken in one order
/// by everybody: journal rows by instance and seq, start keys, task rows by instance and number. A claim waits for no row.
///
/// A connection lives in a `Lane`. Commits have their own, so that nothing holds them up; claims and other look-ups have
/// one, the projector has one, searches have two. With the one that listens, a process has six connections at most.
package final class PostgresStore: Sendable {
    package let settings: PostgresConfiguration
    let commits: Lane
    let lookups: Lane
    let projection: Lane
    private let searches: [Lane]
    let hinting: Hinting

    /// Fires when another process has committed: a hint, that may come late, twice or never. Whoever waits for work of
    /// others looks again, and looks from time to time without a hint.
    package var hints: Broadcast { hinting.received }

    /// Connects, and brings the schema up to date or makes it.
    ///
    /// Throws `.unavailable` if there is no server within the configuration's patience; `.misuse` if it refuses the user,
    /// or the schema is another program's or an incompatible newer version's.
    package init(configuration: PostgresConfiguration) async throws(StoreError) {
        try configuration.check()
        let connector = Connector(configuration: configuration)
        settings = configuration
        commits = Lane("commits", .lookups, connector)
        lookups = Lane("lookups", .lookups, connector)
        projection = Lane("projection", .lookups, connector)
        searches = (1...2).map { Lane("searches \($0)", .searches, connector) }
        hinting = Hinting(connector)
        let name = configuration.schema
        try await commits.repeatable { try Schema(name: name, connection: $0).prepare() }
        if configuration.hints { hinting.start() }
    }

    /// Ends all connections. Later calls of any method throw `.misuse`.
    package func close() async {
        await hinting.close()
        for lane in [commits, lookups, projection] + searches { await lane.close() }
    }

    /// The idler lane for searches.
    var search: Lane { searches.min { $0.load < $1.load } ?? lookups }
}
