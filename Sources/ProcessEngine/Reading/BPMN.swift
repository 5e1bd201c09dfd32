import Values

/// The names of BPMN files.
package enum BPMN {
    package static let namespace = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    package static let camunda = "http://camunda.org/schema/1.0/bpmn"
    package static let zeebe = "http://camunda.org/schema/zeebe/1.0"
    package static let waybill = "https://waybill.dev/bpmn/1.0"

    /// What may stand inside any element and says nothing about its behaviour.
    static let descriptive: Set<String> = [
        "documentation", "extensionElements", "incoming", "outgoing", "ioSpecification", "property", "dataInput",
        "dataOutput",
        "dataInputAssociation", "dataOutputAssociation", "inputSet", "outputSet", "auditing", "monitoring",
        "categoryValueRef",
        "performer", "humanPerformer", "potentialOwner", "resourceRole", "laneSet", "textAnnotation", "association",
        "group",
        "dataObject", "dataObjectReference", "dataStoreReference", "supportedInterfaceRef", "supports",
        "conditionExpression", "script", "completionCondition", "activationCondition", "rendering", "dataState",
        "resource", "dataStore", "correlationSubscription",
    ]

    /// The elements that Camunda took over from them.
    static let camundaElements: Set<String> = [
        "inputOutput", "inputParameter", "outputParameter", "list", "map", "entry", "value", "script", "in", "out",
        "formData", "formField", "formProperty", "properties", "property", "executionListener", "taskListener", "field",
        "failedJobRetryTimeCycle", "potentialStarter", "errorEventDefinition", "connector", "connectorId",
    ]

    /// Other namespaces for the same attributes and elements, as older tools wrote them.
    static let camundaAliases: Set<String> = ["http://activiti.org/bpmn", "http://www.camunda.com/fox"]

    static let markers: Set<String> = ["multiInstanceLoopCharacteristics", "standardLoopCharacteristics"]

    static func isEventDefinition(_ name: String) -> Bool {
        name.hasSuffix("EventDefinition") || name == "eventDefinitionRef"
    }
}

extension SourceNode {
    /// With the names of older tools in Camunda's namespace.
    var withKnownNamespaces: SourceNode {
        var node = self
        if BPMN.camundaAliases.contains(namespace), BPMN.camundaElements.contains(name) {
            node.namespace = BPMN.camunda
        }
        for index in node.attributes.indices where BPMN.camundaAliases.contains(node.attributes[index].namespace) {
            node.attributes[index].namespace = BPMN.camunda
        }
        node.children = children.map(\.withKnownNamespaces)
        return node
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
