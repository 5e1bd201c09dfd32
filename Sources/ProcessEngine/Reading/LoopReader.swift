import Expressions
import Values

/// Reads the loop markers of activities.
enum LoopReader {
    /// Nil without a marker, or where it cannot be read: then that is reported.
    static func read(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> LoopCharacteristics? {
        if let marker = node.firstChild(named: "multiInstanceLoopCharacteristics", namespace: BPMN.namespace) {
            return multiInstance(marker, element, &reader)
        }
        if let marker = node.firstChild(named: "standardLoopCharacteristics", namespace: BPMN.namespace) {
            return standard(marker, element, &reader)
        }
        return nil
    }

    private static func multiInstance(
        _ marker: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> LoopCharacteristics? {
        warnOfBehavior(marker, element, &reader)
        let zeebe = marker.extensions(named: "loopCharacteristics", namespace: BPMN.zeebe).first
        var cardinality: Expression?
        if let node = marker.firstChild(named: "loopCardinality", namespace: BPMN.namespace) {
            cardinality = reader.valueExpression(node.text.trimmed, node: node, element: element)
        }
        var collection: Expression?
        if let name = marker.attribute("collection", namespace: BPMN.camunda)
            ?? dataName("loopDataInputRef", in: marker)
        {
            collection = variable(name, marker, element, &reader)
        } else if let text = zeebe?.attribute("inputCollection") {
            collection = reader.valueExpression(text, node: marker, element: element)
        }
        guard cardinality != nil || collection != nil else {
            reader.report(
                "invalid-loop", marker, element: element, "the multi-instance marker says not how often it runs",
                "give it a loopCardinality or a collection")
            return nil
        }
        let item = marker.firstChild(named: "inputDataItem", namespace: BPMN.namespace)?.attribute("name")
        let outputName = marker.firstChild(named: "outputDataItem", namespace: BPMN.namespace)?.attribute("name")
        let output = (zeebe?.attribute("outputElement") ?? outputName.map { "${\($0)}" }).flatMap {
            reader.valueExpression($0, node: marker, element: element)
        }
        let outputs = zeebe?.attribute("outputCollection") ?? dataName("loopDataOutputRef", in: marker)
        if outputs != nil, output == nil {
            reader.report(
                "invalid-loop", marker, element: element, "the loop does not say what each run adds to its output",
                "give it an outputDataItem with a name, or an outputElement")
        }
        return LoopCharacteristics(
            kind: .instances(cardinality: cardinality, collection: collection),
            isSequential: marker.attribute("isSequential") == "true",
            elementVariable: marker.attribute("elementVariable", namespace: BPMN.camunda)
                ?? zeebe?.attribute("inputElement") ?? item,
            completionCondition: marker.firstChild(named: "completionCondition", namespace: BPMN.namespace).flatMap {
                reader.condition($0, element: element)
            },
            outputCollection: outputs, outputElement: output,
            outputVariable: zeebe?.attribute("outputElement") == nil ? outputName : nil,
            firstIndex: zeebe == nil ? 0 : 1)
    }

    /// BPMN lets runs throw events when they end (`behavior`); Camunda 7 and 8 read none of it, and neither is it done here.
    private static func warnOfBehavior(
        _ marker: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) {
        var ignored = ["oneBehaviorEventRef", "noneBehaviorEventRef"].filter { marker.attribute($0) != nil }
        if let behavior = marker.attribute("behavior"), behavior.lowercased() != "all" {
            ignored.insert("behavior=\"\(behavior)\"", at: 0)
        }
        if marker.firstChild(named: "complexBehaviorDefinition", namespace: BPMN.namespace) != nil {
            ignored.append("complexBehaviorDefinition")
        }
        guard !ignored.isEmpty else { return }
        reader.warn(
            "behavior-ignored", marker, element: element,
            "the runs of \(element) throw no events when they end: \(ignored.joined(separator: ", ")) is not looked at",
            "let an event inside a subprocess be thrown, and let a completionCondition end the loop")
    }

    private static func standard(
        _ marker: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> LoopCharacteristics? {
        let condition = marker.firstChild(named: "loopCondition", namespace: BPMN.namespace).flatMap {
            reader.condition($0, element: element)
        }
        let maximum = marker.attribute("loopMaximum").flatMap { Int($0) }
        guard condition != nil || maximum != nil else {
            reader.report(
                "invalid-loop", marker, element: element, "the loop has neither a condition nor a maximum",
                "give it a loopCondition or a loopMaximum")
            return nil
        }
        return LoopCharacteristics(
            kind: .standard(
                condition: condition, maximum: maximum, testsBefore: marker.attribute("testBefore") == "true"),
            isSequential: true, elementVariable: nil, completionCondition: nil, outputCollection: nil,
            outputElement: nil, outputVariable: nil, firstIndex: 0)
    }

    private static func dataName(_ child: String, in marker: SourceNode) -> String? {
        marker.firstChild(named: child, namespace: BPMN.namespace).map { $0.text.trimmed }
    }

    /// A collection is an expression, or the plain name of a variable.
    private static func variable(
        _ text: String, _ node: SourceNode, _ element: ElementID, _ reader: inout DefinitionReader
    ) -> Expression? {
        let isName = text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        return reader.valueExpression(isName ? "${\(text)}" : text, node: node, element: element)
    }
}
