import Values

extension DefinitionReader {
    /// `waybill:uncaughtErrors`: what a BPMN error does that nothing catches; without it, its path ends.
    mutating func uncaughtErrors(of node: SourceNode) -> UncaughtErrorPolicy {
        guard let text = node.attribute("uncaughtErrors", namespace: BPMN.waybill) else { return .end }
        if let policy = UncaughtErrorPolicy(rawValue: text.trimmed) { return policy }
        report(
            "invalid-value", node, element: nil, "waybill:uncaughtErrors=\"\(text)\" is no policy",
            "write end (the path ends) or incident (an operator has to look)")
        return .end
    }
}
