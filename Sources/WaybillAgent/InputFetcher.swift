package import Delivery
package import Services
import Values

/// A server's whole answer to a request for a claimed input.
package struct ClaimAnswer: Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// The answer has more bytes than were to be taken.
package struct ClaimTooLarge: Error {
    package init() {}
}

/// Gets what is at an address with an attempt's token, at most `limit` bytes of it. Throws `ClaimTooLarge` over that, and
/// anything else when no whole answer came.
package typealias ClaimGetter =
    @Sendable (_ href: String, _ token: String, _ limit: Int) async throws -> ClaimAnswer

/// Makes a task's input whole: fetches the members that were too large for the bus.
package struct InputFetcher: Sendable {
    private let get: ClaimGetter
    private let time: any TimeSource
    /// How long a server may be out of reach. Longer than a restart; then the attempt fails, and says why.
    private let patience: Duration
    /// The most that a whole input may have: as much as the engine takes.
    private let limit: Int

    package init(
        time: any TimeSource, patience: Duration = .seconds(300), limit: Int = 64 << 20, get: @escaping ClaimGetter
    ) {
        self.get = get
        self.time = time
        self.patience = patience
        self.limit = limit
    }

    /// The input as the contract describes it, as JSON text.
    ///
    /// - Parameter trouble: told in a sentence before each new try.
    /// - Throws: `TaskError` when the input cannot be had, `CancellationError` when the task was cancelled.
    package func wholeInput(
        of task: TaskMessage, trouble: @Sendable (String) -> Void
    ) async throws -> [UInt8] {
        guard !task.claims.isEmpty else { return task.input.bytes }
        var left = limit - task.input.byteCount
        guard task.claims.allSatisfy({ $0.bytes <= left }) else { throw tooLarge() }
        var members = task.input.members() ?? []
        for claim in task.claims {
            let body = try await body(of: claim, token: task.id.token, limit: left, trouble: trouble)
            left -= body.count
            guard let value = try? JSON(validating: body) else {
                throw TaskError.failure("the input \(claim.name) from \(claim.href) is not JSON")
            }
            members.append((name: claim.name, value: value))
        }
        return JSON.object(members).bytes
    }

    private func body(
        of claim: ClaimCheck, token: String, limit: Int, trouble: @Sendable (String) -> Void
    ) async throws -> [UInt8] {
        let deadline = time.now.advanced(by: patience)
        var pause: Duration = .milliseconds(200)
        while true {
            let problem: String
            do {
                let answer = try await get(claim.href, token, limit)
                switch answer.status {
                case 200:
                    guard answer.body.count <= limit else { throw ClaimTooLarge() }
                    return answer.body
                case 404:
                    throw TaskError.failure(
                        "the attempt is over: its input \(claim.name) is no longer at \(claim.href)")
                case 500...599: problem = "\(claim.href) answered \(answer.status)"
                default: throw TaskError.failure("\(claim.href) answered \(answer.status)")
                }
            } catch let error as TaskError {
                throw error
            } catch is ClaimTooLarge {
                throw tooLarge()
            } catch {
                try Task.checkCancellation()
                problem = "no answer from \(claim.href): \(error)"
            }
            guard time.now < deadline else {
                throw TaskError.failure("the input \(claim.name) cannot be fetched: \(problem)")
            }
            trouble("the input \(claim.name) cannot be fetched, trying again: \(problem)")
            try await time.sleep(for: pause)
            pause = min(pause * 2, .seconds(10))
        }
    }

    private func tooLarge() -> TaskError {
        TaskError.failure("the input has more than \(limit) bytes, too many for an agent", retry: false)
    }
}
