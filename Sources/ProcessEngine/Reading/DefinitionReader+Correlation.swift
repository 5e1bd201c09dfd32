import Expressions
import Values

/// Correlation as BPMN writes it: a `correlationProperty` says where in a message its value is (`messagePath`), and the
/// `correlationSubscription` of a process which of its data it has to be equal to (`dataPath`). Several properties make a list.
///
/// The data is read when the wait begins. What only a `correlationKey` of a collaboration describes, without a subscription, would
/// have to be taken from the first message of a conversation: that is not done, and said.
extension DefinitionReader {
    /// The key of a message, by id: as a waiting instance knows it, or as it is read out of a message that is thrown.
    mutating func correlationKey(ofMessage id: String, isThrown: Bool, element: ElementID) -> CorrelationKey? {
        for subscription in correlationSubscriptions {
            guard let paths = paths(of: subscription, forMessage: id, isThrown: isThrown), let first = paths.first
            else {
                continue
            }
            let texts = paths.map { $0.text.trimmed }
            guard paths.count > 1 else {
                return path(texts[0], first, element).map {
                    CorrelationKey(expression: $0, isOptional: false, readsMessage: isThrown)
                }
            }
            guard !texts.contains(where: { $0.contains("${") || $0.contains("#{") }) else {
                reportUnsupported(first, element: element, "a correlation by several properties in JUEL")
                return nil
            }
            let list = texts.map { $0.first == "=" ? String($0.dropFirst()) : $0 }.joined(separator: ", ")
            return path("[\(list)]", first, element).map {
                CorrelationKey(expression: $0, isOptional: false, readsMessage: isThrown)
            }
        }
        return nil
    }

    /// Nil if the subscription is not about the message.
    private func paths(of subscription: SourceNode, forMessage id: String, isThrown: Bool) -> [SourceNode]? {
        var paths: [SourceNode] = []
        for binding in subscription.children(named: "correlationPropertyBinding", namespace: BPMN.namespace) {
            let retrieval = declarations.correlationProperty(of: binding)?
                .children(named: "correlationPropertyRetrievalExpression", namespace: BPMN.namespace)
                .first { $0.attribute("messageRef").map(Declarations.local) == id }
            let path =
                isThrown
                ? retrieval?.firstChild(named: "messagePath", namespace: BPMN.namespace)
                : binding.firstChild(named: "dataPath", namespace: BPMN.namespace)
            guard retrieval != nil, let path else { return nil }
            paths.append(path)
        }
        return paths
    }

    /// FEEL, unless it is written as JUEL.
    private mutating func path(_ text: String, _ node: SourceNode, _ element: ElementID) -> Expression? {
        let isMarked = text.first == "=" || text.contains("${") || text.contains("#{")
        return valueExpression(isMarked ? text : "=" + text, node: node, element: element)
    }

    mutating func checkCorrelation() {
        for subscription in correlationSubscriptions {
            for binding in subscription.children(named: "correlationPropertyBinding", namespace: BPMN.namespace)
            where declarations.correlationProperty(of: binding) == nil {
                report(
                    "dangling-reference", binding, element: nil,
                    "there is no <correlationProperty> \"\(binding.attribute("correlationPropertyRef") ?? "")\"",
                    "declare it, with a correlationPropertyRetrievalExpression for each message")
            }
        }
    }

    /// Keys of collaborations that no process subscribes to.
    mutating func warnOfUnusedCorrelationKeys() {
        for key in declarations.unusedCorrelationKeys {
            let name = key.attribute("name") ?? key.attribute("id") ?? ""
            warn(
                "correlation-unused", key, element: nil,
                "no process subscribes to the correlation key \"\(name)\": messages are not told apart by it",
                "add a correlationSubscription to the process, or a zeebe:subscription with a correlationKey to the message"
            )
        }
    }
}
