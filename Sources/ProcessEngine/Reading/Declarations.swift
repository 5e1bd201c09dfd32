import Values

/// What stands beside the processes of a file and is referred to from them, by id.
struct Declarations {
    struct ErrorCode {
        var code: String?
        var message: String?
        /// The message may be an expression; the name that stands in for it is a text.
        var isMessageExpression = false
    }

    private(set) var errors: [String: ErrorCode] = [:]
    private(set) var messages: [String: SourceNode] = [:]
    private(set) var signals: [String: SourceNode] = [:]
    private(set) var escalations: [String: SourceNode] = [:]
    private(set) var eventDefinitions: [String: SourceNode] = [:]
    private var correlationProperties: [String: SourceNode] = [:]
    /// Of collaborations, those that no process subscribes to.
    private(set) var unusedCorrelationKeys: [SourceNode] = []

    /// Whether anything in the file speaks to Camunda 7.
    let usesCamunda: Bool

    init(of root: SourceNode) {
        usesCamunda = Self.uses(BPMN.camunda, in: root)
        for node in root.children where node.namespace == BPMN.namespace {
            guard let id = node.attribute("id") else { continue }
            switch node.name {
            case "error":
                let code = node.attribute("errorCode").flatMap { $0.isEmpty ? nil : $0 }
                let message = node.attribute("errorMessage", namespace: BPMN.camunda)
                errors[id] = ErrorCode(
                    code: code, message: message ?? node.attribute("name"), isMessageExpression: message != nil)
            case "message": messages[id] = node
            case "signal": signals[id] = node
            case "escalation": escalations[id] = node
            case "correlationProperty": correlationProperties[id] = node
            case let name where BPMN.isEventDefinition(name): eventDefinitions[id] = node
            default: continue  // The rest is not referred to by what runs.
            }
        }
        let subscribed = Set(
            root.children(named: "process", namespace: BPMN.namespace)
                .flatMap { $0.children(named: "correlationSubscription", namespace: BPMN.namespace) }
                .compactMap { $0.attribute("correlationKeyRef").map(Self.local) })
        unusedCorrelationKeys = root.children(named: "collaboration", namespace: BPMN.namespace)
            .flatMap { $0.children(named: "correlationKey", namespace: BPMN.namespace) }
            .filter { !subscribed.contains($0.attribute("id") ?? "") }
    }

    /// What a part of a correlation subscription is about.
    func correlationProperty(of binding: SourceNode) -> SourceNode? {
        binding.attribute("correlationPropertyRef").flatMap { correlationProperties[Self.local($0)] }
    }

    private static func uses(_ namespace: String, in root: SourceNode) -> Bool {
        var rest = [root]
        while let node = rest.popLast() {
            if node.namespace == namespace || node.attributes.contains(where: { $0.namespace == namespace }) {
                return true
            }
            rest += node.children
        }
        return false
    }

    /// A prefix may stand for the file's own namespace.
    static func local(_ reference: String) -> String {
        reference.split(separator: ":").last.map(String.init) ?? reference
    }
}
