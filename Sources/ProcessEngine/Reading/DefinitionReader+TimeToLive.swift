import Values

extension DefinitionReader {
    /// `camunda:historyTimeToLive`: days, or a duration of days. Empty is nothing said.
    mutating func timeToLive(of node: SourceNode) -> Duration? {
        guard let text = node.attribute("historyTimeToLive", namespace: BPMN.camunda)?.trimmed, !text.isEmpty else {
            return nil
        }
        if let days = Int(text), (0...36_500).contains(days) { return .seconds(days * 86_400) }
        if let duration = CalendarDuration(iso8601: text)?.duration, duration >= .zero { return duration }
        report(
            "invalid-value", node, element: nil, "historyTimeToLive \"\(text)\" is no number of days",
            "write days, such as 30 or P30D")
        return nil
    }
}
