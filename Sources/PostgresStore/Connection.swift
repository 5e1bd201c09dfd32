import CPostgres
import Foundation
import Services

/// One connection, in pipeline mode: what is given together is sent together, and costs one round trip.
///
/// Not `Sendable`: "a PGconn can be used by one thread at a time"
/// (https://www.postgresql.org/docs/15/libpq-threading.html). It lives on the queue of its `Lane`.
///
/// libpq may deadlock in pipeline mode when it blocks, with both sides waiting for the other to read
/// (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html): so it never blocks, and whoever waits, reads.
final class Connection {
    struct Statement {
        var sql: String
        var values: [PostgresValue] = []
        /// Whether the server is to keep the plan: for texts that are always the same.
        var keepsPlan = true
    }

    private let handle: OpaquePointer
    /// Names of prepared statements, by text.
    private var prepared: [String: String] = [:]
    private var nextName = 0
    private var answerLimit: Duration
    /// The server is silent: nothing more is asked of it.
    private var isSilent = false

    /// Takes over a handle that is connected.
    init(owning handle: OpaquePointer, answerLimit: Duration) throws(PostgresFailure) {
        self.handle = handle
        self.answerLimit = answerLimit
        // libpq would print notices.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
    }

    deinit { PQfinish(handle) }

    var socket: Int32 { PQsocket(handle) }

    /// Runs statements in order, in one round trip, and answers each. At the first failure the rest is left out.
    @discardableResult
    func run(_ statements: [Statement]) throws(PostgresFailure) -> [ResultRows] {
        /// What each answer of the server is about: a preparation, or a statement.
        var expected: [(sql: String, isPreparation: Bool)] = []
        for statement in statements {
            if statement.keepsPlan, prepared[statement.sql] == nil {
                try prepare(statement.sql)
                expected.append((statement.sql, true))
            }
            try send(statement)
            expected.append((statement.sql, false))
        }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        return try receive(expected)
    }

    private func prepare(_ sql: String) throws(PostgresFailure) {
        nextName += 1
        let name = "s\(nextName)"
        guard PQsendPrepare(handle, name, sql, 0, nil) == 1 else { throw lost() }
        prepared[sql] = name
    }

    private func send(_ statement: Statement) throws(PostgresFailure) {
        let encoded = EncodedParameters(statement.values)
        let count = Int32(encoded.ranges.count)
        let formats = [Int32](repeating: 1, count: encoded.ranges.count)
        let lengths = encoded.ranges.map { Int32($0?.count ?? 0) }
        let sent = encoded.bytes.withUnsafeBytes { bytes in
            // An empty block has no address, and a parameter without address is NULL.
            let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            let values = encoded.ranges.map { range in
                range.flatMap { range in base.map { ($0 + range.lowerBound).assumingMemoryBound(to: CChar.self) } }
            }
            return if statement.keepsPlan, let name = prepared[statement.sql] {
                PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
            } else {
                PQsendQueryParams(handle, statement.sql, count, nil, values, lengths, formats, 1)
            }
        }
        guard sent == 1 else { throw lost() }
    }

    /// Reads all answers up to the end of the pipeline, also after a failure, so that the connection stays usable.
    private func receive(_ expected: [(sql: String, isPreparation: Bool)]) throws(PostgresFailure) -> [ResultRows] {
        let deadline = ContinuousClock.now.advanced(by: answerLimit)
        var answers: [ResultRows] = []
        var failure: PostgresFailure?
        var place = 0
        while true {
            guard let result = try next(deadline) else {
                place += 1
                continue
            }
            let status = PQresultStatus(result)
            switch status {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                if let failure { throw failure }
                return answers
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
                let rows = ResultRows(owning: result)
                if place < expected.count, !expected[place].isPreparation { answers.append(rows) }
            default:
                if place < expected.count, expected[place].isPreparation { prepared[expected[place].sql] = nil }
                if status != PGRES_PIPELINE_ABORTED, failure == nil {
                    failure = Self.failure(result, place < expected.count ? expected[place].sql : nil)
                }
                PQclear(result)
                if PQstatus(handle) != CONNECTION_OK { throw failure.map(asLost) ?? lost() }
            }
        }
    }

    /// The next result; nil at the end of a statement. Sends what is not yet sent while it waits.
    private func next(_ deadline: ContinuousClock.Instant) throws(PostgresFailure) -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost() }
            if PQisBusy(handle) == 0 { return PQgetResult(handle) }
            guard try wait(forWriting: unsent == 1, until: deadline) else {
                isSilent = true
                throw PostgresFailure.lost("the server did not answer within \(answerLimit)")
            }
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    /// False at the deadline.
    private func wait(forWriting: Bool, until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN | (forWriting ? POLLOUT : 0)), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            guard left > 0 else { return false }
            let ready = poll(&descriptor, 1, Int32(clamping: left + 1))
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { throw lost() }
        }
    }

    private func lost() -> PostgresFailure {
        .lost(Self.text(PQerrorMessage(handle)) ?? "the connection is gone")
    }

    private func asLost(_ failure: PostgresFailure) -> PostgresFailure {
        var failure = failure
        failure.isLost = true
        return failure
    }

    private static func failure(_ result: OpaquePointer, _ sql: String?) -> PostgresFailure {
        let state = text(PQresultErrorField(result, Int32(UInt8(ascii: "C"))))
        let primary = text(PQresultErrorField(result, Int32(UInt8(ascii: "M"))))
        let detail = text(PQresultErrorField(result, Int32(UInt8(ascii: "D"))))
        let message = [primary ?? text(PQresultErrorMessage(result)) ?? "no text", detail].compactMap(\.self)
        // The server says that it ends the session, or that it may not be written to any more: a stand-by now.
        let isLost = state.map { ["57P01", "57P02", "57P03", "57P05", "25P03", "25006"].contains($0) } ?? false
        return PostgresFailure(
            state: state, message: message.joined(separator: ": "), statement: sql, isLost: isLost)
    }

    static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer else { return nil }
        let text = String(cString: pointer).split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.isEmpty ? nil : text
    }
}

// MARK: - What stores need

extension Connection {
    @discardableResult
    func run(_ sql: String, _ values: [PostgresValue] = []) throws(PostgresFailure) -> ResultRows {
        guard let rows = try run([Statement(sql: sql, values: values)]).first else {
            throw PostgresFailure.lost("the server left a statement without an answer")
        }
        return rows
    }

    func all<Answer>(
        _ sql: String, _ values: [PostgresValue] = [], _ read: (ResultRow) throws -> Answer
    ) throws -> [Answer] {
        try run(sql, values).map(read)
    }

    func first<Answer>(
        _ sql: String, _ values: [PostgresValue] = [], _ read: (ResultRow) throws -> Answer
    ) throws -> Answer? {
        try run(sql, values).first(read)
    }

    /// Runs `body` in one transaction; whatever it throws, nothing of it is kept.
    func transaction<Answer>(_ body: () throws -> Answer) throws -> Answer {
        try run("BEGIN")
        do {
            let answer = try body()
            try run("COMMIT")
            return answer
        } catch {
            rollBack()
            throw error
        }
    }

    /// Best effort: a connection that cannot even do this is closed, which does it.
    func rollBack() {
        if !isSilent, PQtransactionStatus(handle) != PQTRANS_IDLE { _ = try? run("ROLLBACK") }
    }

    /// Whether it can be used for something else: no transaction is open, and the server answers.
    var isIdle: Bool {
        !isSilent && PQtransactionStatus(handle) == PQTRANS_IDLE && PQstatus(handle) == CONNECTION_OK
    }

    /// Runs `body` with statements that take as long as there are rows, in a transaction and up to its end.
    ///
    /// A server that is gone is still noticed: TCP asks it for signs of life.
    func withoutTimeLimit<Answer>(_ body: () throws -> Answer) throws -> Answer {
        try run("SELECT set_config('statement_timeout', '0', true)")
        let limit = answerLimit
        defer { answerLimit = limit }
        answerLimit = .seconds(Int32.max)
        return try body()
    }

    /// Runs a script of several statements without parameters, outside of the pipeline.
    func runScript(_ script: String) throws(PostgresFailure) {
        guard PQexitPipelineMode(handle) == 1, PQsendQuery(handle, script) == 1 else { throw lost() }
        let deadline = ContinuousClock.now.advanced(by: answerLimit)
        var failure: PostgresFailure?
        while let result = try next(deadline) {
            let status = PQresultStatus(result)
            if status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK, status != PGRES_EMPTY_QUERY, failure == nil {
                failure = Self.failure(result, nil)
            }
            PQclear(result)
        }
        guard PQenterPipelineMode(handle) == 1 else { throw failure ?? lost() }
        if let failure { throw failure }
    }

    /// Payloads of notifications that have come, oldest first. Reads what is there and does not wait.
    func notifications() throws(PostgresFailure) -> [String] {
        guard PQconsumeInput(handle) == 1 else { throw lost() }
        var payloads: [String] = []
        while let note = PQnotifies(handle) {
            payloads.append(note.pointee.extra.map { String(cString: $0) } ?? "")
            PQfreemem(note)
        }
        return payloads
    }
}
