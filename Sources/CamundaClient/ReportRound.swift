import Delivery
import Services
import Synchronization

/// Reports that several tasks give at the same time, and what became of each.
final class ReportRound: Sendable {
    private struct State {
        var next = 0
        var answers: [Result<ReportOutcome, any Error>]
    }

    private struct Unanswered: Error {}

    private let reports: [TaskReport]
    private let state: Mutex<State>

    init(_ reports: [TaskReport]) {
        self.reports = reports
        // What was never given must be given again.
        state = Mutex(State(answers: Array(repeating: .failure(Unanswered()), count: reports.count)))
    }

    /// The next that nobody gives yet, and its place.
    func next() -> (place: Int, report: TaskReport)? {
        let place = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        return place < reports.count ? (place, reports[place]) : nil
    }

    func take(_ answer: Result<ReportOutcome, any Error>, at place: Int) {
        state.withLock { $0.answers[place] = answer }
    }

    /// In the order of the reports.
    var answers: [Result<ReportOutcome, any Error>] { state.withLock(\.answers) }
}

extension Result {
    var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
