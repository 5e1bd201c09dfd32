/// What the check finds in public models that run, by rule, and why it is right to.
enum KnownFindings {
    static let places: [String: Set<String>] = [
        // The gateway lets one of two events happen, and the join waits for both: the trace of it never ends.
        "deadlock": ["bpmn-elements/test/resources/event-based-gateway.bpmn join"],
        // Both paths throw the same link: what the link leads to runs twice, as the test of the engine expects.
        "missing-join": [
            camunda + "bpmn/event/link/LinkEventTest.testEventLinkMultipleSources.bpmn20.xml IntermediateCatchEvent_1"
        ],
        // The join waits for a timer that comes only if the task takes long, or for a task that a timer ended.
        "possible-deadlock": [
            "bpmn-elements/test/resources/boundary-non-interupting-timer.bpmn join",
            "bpmn-engine/test/resources/boundary-non-interupting-timer.bpmn join",
            camunda
                + "bpmn/event/timer/BoundaryTimerNonInterruptingEventTest.testJoin.bpmn20.xml ParallelGateway",
            "camunda-bpm-platform/qa/test-db-instance-migration/test-fixture-72/src/main/resources/org/camunda/bpm/qa/upgrade/task/parallelScopeTasksProcess.bpmn20.xml join",
        ],
    ]

    private static let camunda = "camunda-bpm-platform/engine/src/test/resources/org/camunda/bpm/engine/test/"
}
