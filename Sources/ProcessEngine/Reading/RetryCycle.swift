import Values

/// `camunda:failedJobRetryTimeCycle`: how often, and after which pauses, what comes after a save point is tried again.
/// `R3/PT10M` is three attempts, `PT1M,PT10M` three with two pauses.
struct RetryCycle: Sendable, Hashable {
    private let attempts: Int
    private let pauses: [CalendarDuration]

    /// Nil where there is none; what cannot be read is reported.
    init?(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) {
        guard let extension_ = node.extensions(named: "failedJobRetryTimeCycle", namespace: BPMN.camunda).first else {
            return nil
        }
        let text = extension_.text.trimmed
        guard !text.isEmpty else { return nil }
        if let cycle = TimerTrigger.Cycle(text), let repetitions = cycle.repetitions {
            attempts = repetitions
            pauses = [cycle.interval]
            return
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let pauses = parts.compactMap { CalendarDuration(iso8601: String($0).trimmed) }.filter { !$0.isNegative }
        guard pauses.count == parts.count else {
            reader.report(
                "invalid-retries", extension_, element: element, "\"\(text)\" is no retry cycle",
                "write it like R3/PT10M or PT1M,PT10M")
            return nil
        }
        attempts = pauses.count + 1
        self.pauses = pauses
    }

    /// Nil after the last attempt.
    func pause(afterFailure failures: Int) -> CalendarDuration? {
        guard failures < attempts else { return nil }
        return pauses[min(failures, pauses.count) - 1]
    }
}
