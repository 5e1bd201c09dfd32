import Contracts
import Delivery
import Fuzzing
import ProcessEngine
import Services
import ServicesTesting
import Values

/// The processes and contracts of a world, and how patient it is.
enum Workload {
    static let names = ["a", "b", "c"]
    static let keys = names.map { ContractKey(name: $0, major: 1) }

    /// The process that each world has its own of.
    static let drawn = "p"

    /// `p`: drawn. `q`: begins with a message. `r`: calls `p`.
    static func processes(_ schedule: Schedule) -> [Deployment.Process] {
        let text = RandomModel.work(
            seed: schedule.model, depth: schedule.depth, contracts: names.map { "\($0)@1" })
        return [(drawn, text), ("q", ordered), ("r", calling)].map { process, text in
            Deployment.Process(
                process: process, source: Array(text.utf8), hash: "\(process) \(schedule.model) \(schedule.depth)",
                workflow: nil, workflowVersion: nil)
        }
    }

    private static let ordered = document(
        """
        <process id="q" isExecutable="true">
        <startEvent id="start"><messageEventDefinition messageRef="O"/></startEvent>
        <serviceTask id="task" waybill:contract="b@1"/><endEvent id="end"/>
        <sequenceFlow id="f1" sourceRef="start" targetRef="task"/><sequenceFlow id="f2" sourceRef="task" targetRef="end"/>
        </process>
        """)

    private static let calling = document(
        """
        <process id="r" isExecutable="true">
        <startEvent id="start"/><callActivity id="call" calledElement="p"/>
        <serviceTask id="task" waybill:contract="c@1"/><endEvent id="end"/>
        <sequenceFlow id="f1" sourceRef="start" targetRef="call"/><sequenceFlow id="f2" sourceRef="call" targetRef="task"/>
        <sequenceFlow id="f3" sourceRef="task" targetRef="end"/>
        </process>
        """)

    private static func document(_ body: String) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn/1.0" \
        targetNamespace="t"><message id="O" name="order"/>
        \(body)
        </definitions>
        """
    }

    static func contracts(_ profile: Schedule.Profile) throws -> [DeployedContract] {
        try policies(profile).map { text in
            let contract = try Contract(canonical: JSON(validating: Array(text.utf8)))
            return DeployedContract(
                kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
                content: contract.canonical)
        }
    }

    /// One with signs of life, one without, one of which only two may be out.
    private static func policies(_ profile: Schedule.Profile) -> [String] {
        let (heartbeat, timeout) =
            switch profile {
            case .calm: ("PT2S", "PT10M")
            case .patient: ("PT1H", "PT10H")
            case .hostile: ("PT2S", "PT20S")
            }
        let rest = "\"input\":{\"type\":\"object\"},\"output\":{\"type\":\"object\"},\"errors\":[{\"code\":\"BAD\"}]"
        func contract(_ name: String, _ more: String) -> String {
            "{\"kind\":\"task\",\"name\":\"\(name)\",\"version\":\"1.0\",\(rest),\(more)}"
        }
        let retry = "\"retry\":{\"maxAttempts\":3,\"backoff\":\"PT1S\"}"
        return [
            contract("a", "\"heartbeat\":\"\(heartbeat)\",\(retry)"),
            contract("b", "\"timeout\":\"\(timeout)\",\(retry)"),
            contract("c", "\"heartbeat\":\"\(heartbeat)\",\"concurrency\":2,\(retry)"),
        ]
    }

    static func broker(_ profile: Schedule.Profile, random: SeededRandom) -> BrokerConfiguration {
        var configuration = BrokerConfiguration()
        switch profile {
        case .calm: configuration.delivery.queueLease = .seconds(300)
        case .patient: configuration.delivery.queueLease = .seconds(36_000)
        case .hostile: configuration.delivery.queueLease = .seconds(15)
        }
        configuration.dispatchLease = .seconds(profile == .calm ? 30 : 8)
        configuration.pollWait = .seconds(20)
        configuration.inspection = .seconds(4)
        configuration.pullers = 1 + random.below(3)
        configuration.pollLimit = 1 + random.below(10)
        configuration.resultPrefetch = 100
        return configuration
    }

    /// Nobody waits longer than this for anything to happen: more than any timer of the workflow, far less than a patient lease.
    static func patience(_ profile: Schedule.Profile) -> Duration {
        switch profile {
        case .calm, .patient: .seconds(150)
        case .hostile: .seconds(240)
        }
    }
}
