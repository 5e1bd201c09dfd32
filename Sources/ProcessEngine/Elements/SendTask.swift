package import Values

/// `bpmn:sendTask`: throws its message and goes on. (One that names a contract is done by an agent.)
package struct SendTask: FlowElement {
    package static let tag = "sendTask"
    package static let isActivity = true
    package let id: ElementID
    package let message: MessageThrow

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let message = ThrowReader.message(of: node, element: id, reader: &reader) else {
            if !TaskReader.reportsHostCode(node, element: id, reader: &reader) {
                reader.report(
                    "no-contract", node, element: id, "the send task names neither a contract nor a message",
                    "set waybill:contract=\"name@major\", or messageRef")
            }
            return nil
        }
        self.id = id
        self.message = message
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard try step.armConditions(of: activity) else { return }
        let thrown = try step.prepare(message, from: activity)
        step.record(.thrown(.message(thrown)))
        try step.leave(activity)
    }
}
