/// Every element that Waybill runs. What is not here is refused when a model is read.
enum ElementCatalog {
    static let all: [any FlowElement.Type] = [
        StartEvent.self,
        EndEvent.self,
        ErrorEndEvent.self,
        ExclusiveGateway.self,
        ParallelGateway.self,
        ServiceTask.self,
        SubProcess.self,
        TimerCatchEvent.self,
        TimerBoundaryEvent.self,
        ErrorBoundaryEvent.self,
    ]

    /// The kind of an element with that tag and event definition.
    static func kind(tag: String, eventDefinition: String?) -> (any FlowElement.Type)? {
        all.first { $0.tag == tag && $0.eventDefinition == eventDefinition }
    }

    /// Whether any kind has this tag: then it is the event definition that is not supported.
    static func knows(tag: String) -> Bool {
        all.contains { $0.tag == tag }
    }
}
