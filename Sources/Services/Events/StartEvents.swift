import Contracts
import ProcessEngine
import Values

/// What starts the newest open versions of processes from outside: messages, signals and timers.
extension DefinitionRegistry {
    /// A start event that something came to.
    struct TriggeredStart: Sendable, Hashable {
        var definition: DefinitionID
        var element: ElementID
        /// Which of its triggers came; nil: all it takes.
        var trigger: Int?
        /// It takes all of them.
        var isParallel = false
    }

    struct TimerStart: Sendable {
        var start: TriggeredStart
        var timer: TimerTrigger
    }

    func starts(withMessage name: String) async throws -> [TriggeredStart] {
        try await startEvents().compactMap { $0.start.kind == .message(name: name) ? TriggeredStart($0) : nil }
    }

    func starts(withSignal name: String) async throws -> [TriggeredStart] {
        try await startEvents().compactMap { $0.start.kind == .signal(name: name) ? TriggeredStart($0) : nil }
    }

    /// Those whose condition holds for these variables.
    func starts(withCondition variables: [Variable], at now: Timestamp) async throws -> [TriggeredStart] {
        try await startEvents().compactMap { $0.start.holds(for: variables, at: now) ? TriggeredStart($0) : nil }
    }

    func timerStarts() async throws -> [TimerStart] {
        try await startEvents().compactMap {
            guard case .timer(let timer) = $0.start.kind else { return nil }
            return TimerStart(start: TriggeredStart($0), timer: timer)
        }
    }

    /// What starts an instance there, as its workflow contract wants it.
    func command(
        for start: TriggeredStart, variables: [Variable], businessKey: String?
    ) -> Command.Start {
        let deployed = deployed.first { $0.id == start.definition }
        var labels = InstanceLabels()
        labels.workflow = deployed?.workflow
        labels.workflowVersion = deployed?.workflowVersion
        if let deployed { labels.objectID = objectID(of: variables, for: deployed) }
        return Command.Start(
            definition: start.definition, variables: variables, businessKey: businessKey, labels: labels,
            startEvent: start.element, trigger: start.trigger,
            uniqueKey: uniqueKey(of: deployed, businessKey: businessKey))
    }

    /// The definition that a call means; nil if there is none that may begin. A version that is named, or was deployed with the
    /// caller, may be closed for others.
    func called(_ target: CallTarget, by caller: DefinitionID) async throws -> DeployedDefinition? {
        let versions = deployed.filter { $0.id.process == target.process }
        switch target.binding {
        case .contract(let contract): return newest(of: contract)
        case .version(let version): return versions.first { $0.id.version == version }
        case .versionTag(let tag):
            for version in versions.reversed() where try await definition(version.id)?.versionTag == tag {
                return version
            }
            // A workflow contract's version tags what the modeler did not.
            return versions.last { $0.workflowVersion == tag }
        case .deployment:
            // What has not changed since it was deployed with the caller was not deployed again.
            let time = deployed.first { $0.id == caller }?.deployedAt
            return time.flatMap { time in versions.last { $0.deployedAt <= time } } ?? versions.last
        case .latest: return versions.last(where: \.open)
        }
    }

    /// What an instance with these variables is about, by the workflow contract of its definition; nil if that does not say.
    func objectID(of variables: [Variable], for definition: DeployedDefinition) -> String? {
        guard let name = definition.workflow,
            let version = definition.workflowVersion.flatMap({ ContractVersion($0) }),
            let input = catalog.contract(named: name, .exactly(version))?.objectId,
            let value = variables.first(where: { $0.name == input })?.value
        else { return nil }
        return value.stringValue ?? value.text
    }

    /// The newest minor of a workflow contract's major that is open.
    private func newest(of contract: ContractKey) -> DeployedDefinition? {
        var newest: (minor: Int, definition: DeployedDefinition)?
        for definition in deployed where definition.workflow == contract.name && definition.open {
            guard let version = definition.workflowVersion.flatMap({ ContractVersion($0) }),
                version.major == contract.major, version.minor >= newest?.minor ?? 0
            else { continue }
            newest = (version.minor, definition)
        }
        return newest?.definition
    }
}

extension DefinitionRegistry.TriggeredStart {
    fileprivate init(_ found: (definition: DefinitionID, start: StartSubscription)) {
        self.init(
            definition: found.definition, element: found.start.element, trigger: found.start.trigger,
            isParallel: found.start.isParallel)
    }
}
