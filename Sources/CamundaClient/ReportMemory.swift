import Delivery
import OrderedCollections
import ProcessEngine
import Services
import Values

/// What this broker remembers of attempts, so that a report given twice counts once. All of it may be lost: then an answer is less
/// exact, and no result is applied twice, since the engine checks who holds the task.
struct ReportMemory {
    /// What was asked for, with no answer.
    enum Unanswered {
        case answer
        /// A failure that left so many retries.
        case failure(retriesLeft: Int?)
    }

    struct Attempt {
        var contract: ContractKey?
        var startedAt: Timestamp?
        var unanswered: Unanswered?
        /// Answers that say the engine itself broke.
        var breakdowns = 0
    }

    private static let limit = 20_000
    private var attempts: OrderedDictionary<AttemptID, Attempt> = [:]
    /// Answers of a batch that was not answered as a whole: it will be given again.
    private var settled: OrderedDictionary<TaskReport, ReportOutcome> = [:]

    subscript(id: AttemptID) -> Attempt {
        get { attempts[id] ?? Attempt() }
        set {
            attempts[id] = newValue
            if attempts.count > Self.limit { attempts.removeFirst(Self.limit / 2) }
        }
    }

    mutating func forget(_ id: AttemptID) {
        attempts[id] = nil
    }

    mutating func keep(_ outcome: ReportOutcome, of report: TaskReport) {
        settled[report] = outcome
        if settled.count > Self.limit { settled.removeFirst(Self.limit / 2) }
    }

    /// The answer to a report that is given again; it is told once.
    mutating func takeOutcome(of report: TaskReport) -> ReportOutcome? {
        settled.removeValue(forKey: report)
    }
}
