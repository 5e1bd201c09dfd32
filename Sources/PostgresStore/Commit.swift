import Delivery
import Foundation
import ProcessEngine
import Services
import Values

/// `ProcessStore.commit`: two round trips, however much there is to commit.
///
/// The first takes all locks and reads: journal rows are inserted, in the order of their keys, and whoever inserts the
/// same waits for our end; start keys likewise; tasks are locked. `CommitPlan` then decides what holds. The second writes
/// the rest, takes back the journal rows of losers, and commits.
struct Commit {
    let lane: Lane
    let transitions: [Transition]
    let marks: [LeaseMark]

    /// So many rows have a place in the numbers of one transaction.
    static let limit = 1 << 16 - 1

    /// A transaction that may have been committed: its end decides.
    private struct Ended {
        var transaction: Int64
        var receipt: CommitReceipt
    }

    func run() throws -> CommitReceipt {
        guard !transitions.isEmpty || !marks.isEmpty else { return CommitReceipt(outcomes: [], markOutcomes: []) }
        try check()
        var attempt = 0
        var unknown: Ended?
        while true {
            attempt += 1
            do {
                return try lane.attempt { connection in
                    if let ended = unknown, try wasCommitted(ended, connection) { return ended.receipt }
                    unknown = nil
                    return try commit(connection) { unknown = $0 }
                }
            } catch let failure as PostgresFailure where failure.isTransient && attempt < 20 {
                continue
            } catch let failure as PostgresFailure where failure.isLost && attempt < 5 {
                continue
            }
        }
    }

    /// Before anything changes: a batch that throws leaves nothing behind.
    private func check() throws(StoreError) {
        guard transitions.count < Self.limit else {
            throw StoreError(.misuse, "\(transitions.count) transitions are more than one commit takes")
        }
        for transition in transitions {
            for case .create(let task) in transition.tasks {
                guard task.inputRange.lowerBound >= 0, task.inputRange.upperBound <= transition.events.count else {
                    throw StoreError(
                        .misuse, "the input of task \(transition.instance).\(task.number) is not inside its events")
                }
            }
        }
    }

    private func commit(_ connection: Connection, _ mayBeCommitted: (Ended?) -> Void) throws -> CommitReceipt {
        let reading = CommitReading(transitions, marks)
        let locked = try reading.run(connection)
        var plan = CommitPlan(locked)
        let receipt = plan.decide(transitions, marks)
        mayBeCommitted(Ended(transaction: locked.transaction, receipt: receipt))
        do {
            try connection.run(CommitWrites(plan, transitions).statements + [Connection.Statement(sql: "COMMIT")])
        } catch {
            // An answer of the server is certain; only a lost connection leaves it open what became of the commit.
            if !error.isLost { mayBeCommitted(nil) }
            throw error
        }
        return receipt
    }

    /// Whether a transaction that we saw no end of was committed; waits while it still runs, as it does until the server
    /// has noticed that we are gone.
    private func wasCommitted(_ ended: Ended, _ connection: Connection) throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while true {
            switch try status(of: ended.transaction, connection) {
            case "in progress" where ContinuousClock.now < deadline:
                Thread.sleep(forTimeInterval: 0.02)
            case "in progress":
                throw StoreError(
                    .unavailable, "the connection was lost at a commit, and its transaction does not end; look again")
            case "committed":
                return try isThere(ended, connection)
            default: return false
            }
        }
    }

    private func status(of transaction: Int64, _ connection: Connection) throws(PostgresFailure) -> String? {
        do {
            return try connection.run(
                "SELECT pg_xact_status($1::bigint::text::xid8)", [.int(transaction)]
            ).first { row in row.optional(0, row.text) } ?? nil
        } catch  where error.state == "22023" {
            // In the future: after a fail-over to a server that never heard of it.
            return nil
        }
    }

    /// After a fail-over that lost transactions, ids are given again: so the journal has the last word.
    private func isThere(_ ended: Ended, _ connection: Connection) throws -> Bool {
        for (transition, outcome) in zip(transitions, ended.receipt.outcomes) {
            guard case .committed(let position) = outcome else { continue }
            let row = try connection.first(
                "SELECT 1 FROM journal WHERE position = $1 AND instance = $2 AND seq = $3 AND events = $4",
                [.int(position), .text(transition.instance.text), .int(transition.seq), .bytes(transition.events)]
            ) { _ in true }
            return row ?? false
        }
        return true
    }
}
