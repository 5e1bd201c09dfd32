import Values

/// Every element that Waybill runs. What is not here is refused when a model is read.
enum ElementCatalog {
    /// The first that describes a node is its kind: what asks for an agent comes before what else its tag can be.
    static let all: [any FlowElement.Type] = [
        ServiceTask.self,
        ExpressionTask.self,
        UserTask.self,
        ScriptTask.self,
        BusinessRuleTask.self,
        SendTask.self,
        ReceiveTask.self,
        ManualTask.self,
        CallActivity.self,
        SubProcess.self,
        EventSubProcess.self,
        AdHocSubProcess.self,
        ExclusiveGateway.self,
        ParallelGateway.self,
        InclusiveGateway.self,
        ComplexGateway.self,
        EventBasedGateway.self,
        StartEvent.self,
        TriggeredStartEvent.self,
        ErrorStartEvent.self,
        EscalationStartEvent.self,
        CompensationStartEvent.self,
        CatchEvent.self,
        LinkCatchEvent.self,
        ThrowEvent.self,
        LinkThrowEvent.self,
        EndEvent.self,
        ErrorEndEvent.self,
        TerminateEndEvent.self,
        CancelEndEvent.self,
        TriggeredBoundaryEvent.self,
        ErrorBoundaryEvent.self,
        EscalationBoundaryEvent.self,
        CompensationBoundaryEvent.self,
        CancelBoundaryEvent.self,
    ]

    /// The kind of an element with those event definitions inside.
    static func kind(of node: SourceNode, eventDefinitions: [String]) -> (any FlowElement.Type)? {
        all.first { $0.describes(node, eventDefinitions: eventDefinitions) }
    }

    /// Whether any kind has this tag: then it is something inside that is not supported.
    static func knows(tag: String) -> Bool {
        all.contains { $0.tag == tag }
    }
}
