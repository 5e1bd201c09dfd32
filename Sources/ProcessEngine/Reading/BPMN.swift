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
        "conditionExpression",
    ]

    static let markers: Set<String> = ["multiInstanceLoopCharacteristics", "standardLoopCharacteristics"]

    static func isEventDefinition(_ name: String) -> Bool {
        name.hasSuffix("EventDefinition") || name == "eventDefinitionRef"
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
