import ProcessEngine
import Values

/// What starts the newest open versions of processes from outside: messages, signals and timers.
extension DefinitionRegistry {
    struct TimerStart: Sendable {
        var definition: DefinitionID
        var element: ElementID
        var trigger: TimerTrigger
    }

    func starts(withMessage name: String) async -> [(definition: DefinitionID, element: ElementID)] {
        await startEvents().compactMap {
            $0.start.kind == .message(name: name) ? ($0.definition, $0.start.element) : nil
        }
    }

    func starts(withSignal name: String) async -> [(definition: DefinitionID, element: ElementID)] {
        await startEvents().compactMap {
            $0.start.kind == .signal(name: name) ? ($0.definition, $0.start.element) : nil
        }
    }

    func timerStarts() async -> [TimerStart] {
        await startEvents().compactMap { definition, start in
            guard case .timer(let trigger) = start.kind else { return nil }
            return TimerStart(definition: definition, element: start.element, trigger: trigger)
        }
    }

    /// The definition that a call means: of `deployment` and `latest`, the newest; nil if there is none.
    func called(_ target: CallTarget, by caller: DefinitionID) -> DeployedDefinition? {
        let versions = deployed.filter { $0.id.process == target.process }
        switch target.binding {
        case .version(let version): return versions.first { $0.id.version == version }
        case .versionTag(let tag):
            // A workflow contract's version is what tags a definition.
            return versions.last { $0.workflowVersion == tag }
        case .deployment:
            let together = deployed.first { $0.id == caller }?.deployedAt
            return versions.last { $0.deployedAt == together } ?? versions.last
        case .latest: return versions.last
        }
    }
}
