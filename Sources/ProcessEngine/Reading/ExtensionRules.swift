import Values

/// Which extension elements of the namespaces we know are understood where. Those of other vendors are theirs to know.
enum ExtensionRules {
    /// Says nothing about what a process does, or only about what does not exist here (forms, the job executor).
    private static let ignored: [String: Set<String>] = [
        BPMN.camunda: [
            "properties", "formData", "formProperty", "potentialStarter", "failedJobRetryTimeCycle", "connectorId",
        ],
        BPMN.zeebe: ["properties", "versionTag", "formDefinition", "userTaskForm", "userTask"],
        BPMN.waybill: [],
    ]

    /// Every element may map variables.
    private static let everywhere: [String: Set<String>] = [
        BPMN.camunda: ["inputOutput", "executionListener", "taskListener"], BPMN.zeebe: ["ioMapping"],
        BPMN.waybill: ["input", "output"],
    ]

    private static let understood: [String: [String: Set<String>]] = [
        "serviceTask": [
            BPMN.camunda: ["errorEventDefinition"],
            BPMN.zeebe: ["taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders"],
        ],
        "sendTask": [BPMN.zeebe: ["taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders"]],
        "businessRuleTask": [
            BPMN.zeebe: [
                "taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders", "calledDecision",
            ]
        ],
        "scriptTask": [
            BPMN.zeebe: ["taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders", "script"]
        ],
        "intermediateThrowEvent": [
            BPMN.zeebe: ["taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders"]
        ],
        "endEvent": [BPMN.zeebe: ["taskDefinition", "priorityDefinition", "jobPriorityDefinition", "taskHeaders"]],
        "userTask": [BPMN.zeebe: ["assignmentDefinition", "taskSchedule", "priorityDefinition"]],
        "callActivity": [BPMN.camunda: ["in", "out"], BPMN.zeebe: ["calledElement"]],
        "adHocSubProcess": [BPMN.zeebe: ["adHoc"]],
    ]

    /// The extension elements of `node` that would change its behaviour if Waybill knew them.
    static func unsupported(in node: SourceNode) -> [SourceNode] {
        let extensions = node.children(named: "extensionElements", namespace: BPMN.namespace).flatMap(\.children)
        return extensions.filter { child in
            guard let ignorable = ignored[child.namespace] else { return false }
            return !ignorable.contains(child.name) && everywhere[child.namespace]?.contains(child.name) != true
                && understood[node.name]?[child.namespace]?.contains(child.name) != true
        }
    }
}

extension SourceNode {
    /// The extension elements of that name.
    func extensions(named name: String, namespace: String) -> [SourceNode] {
        children(named: "extensionElements", namespace: BPMN.namespace)
            .flatMap { $0.children(named: name, namespace: namespace) }
    }
}
