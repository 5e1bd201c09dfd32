import GRDB
import Services

/// A write that waits for the connection, alone or with others.
struct GroupedWrite: Sendable {
    /// Runs the body and says how to answer it once its transaction is on the disk.
    private let body: @Sendable (Database) throws -> @Sendable () -> Void
    private let answerFailure: @Sendable (any Error) -> Void

    init<Answer: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Answer,
        answer: @escaping @Sendable (Result<Answer, StoreError>) -> Void
    ) {
        self.body = { database in
            let value = try body(database)
            return { answer(.success(value)) }
        }
        answerFailure = { error in answer(Result.ofStore { throw error }) }
    }

    /// Commits all of them and answers them; throws without having kept or answered any.
    static func run(_ group: [GroupedWrite], in database: Database) throws {
        var answers: [@Sendable () -> Void] = []
        answers.reserveCapacity(group.count)
        try database.inTransaction(.immediate) {
            for write in group { answers.append(try write.body(database)) }
            return .commit
        }
        for answer in answers { answer() }
    }

    func fail(_ error: any Error) { answerFailure(error) }
}
