import Expressions
import ProcessEngine
import Values

/// Whether what is thrown in a process ends, in that process, the scope it is thrown in.
struct Interruption {
    private let definition: ProcessDefinition

    init(_ definition: ProcessDefinition) {
        self.definition = definition
    }

    /// Whether an event that catches what is thrown takes every token out of the scope of the throwing event.
    func ends(scopeOf event: ThrowEvent) -> Bool {
        event.thrown.contains { thrown in
            switch thrown {
            case .escalation(let code): isInterrupting(escalation: code, from: event.id)
            case .signal(let name, _):
                name.constantValue?.stringValue.map { isInterrupting(signal: $0, from: event.id) } ?? false
            case .message, .expression, .compensation: false
            }
        }
    }

    /// The scopes around an element, the innermost first; the last is the process.
    private func scopes(around element: ElementID) -> [ElementID?] {
        var scopes: [ElementID?] = []
        var next = definition.parent(of: element)
        while let scope = next {
            scopes.append(scope)
            next = definition.parent(of: scope)
        }
        return scopes + [nil]
    }

    /// An escalation goes outwards to the first that catches it, an exact code before a catch-all.
    private func isInterrupting(escalation code: String?, from element: ElementID) -> Bool {
        for scope in scopes(around: element) {
            let inside = definition.eventSubprocesses(in: scope).flatMap { catching($0.start) }
            let boundaries = scope.map { definition.boundaryEvents(of: $0) } ?? []
            for catchers in [inside, boundaries.flatMap { catching($0) }] {
                let match = catchers.first { $0.code != nil && $0.code == code } ?? catchers.first { $0.code == nil }
                if let match { return match.interrupts }
            }
        }
        return false
    }

    /// The codes of escalations that an event catches, and whether it interrupts; nil: any.
    private func catching(_ event: any FlowElement) -> [(code: String?, interrupts: Bool)] {
        guard let catcher = event as? any CodeCatcher else { return [] }
        return catcher.escalations.map { ($0.code, catcher.isInterrupting) }
    }

    /// A signal comes to all who wait for it.
    private func isInterrupting(signal name: String, from element: ElementID) -> Bool {
        scopes(around: element).contains { scope in
            let starts = definition.eventSubprocesses(in: scope).compactMap { $0.start as? TriggeredStartEvent }
            let boundaries = (scope.map { definition.boundaryEvents(of: $0) } ?? [])
                .compactMap { $0 as? TriggeredBoundaryEvent }
            return starts.contains { $0.isInterrupting && $0.triggers.contains { $0.isSignal(named: name) } }
                || boundaries.contains { $0.isInterrupting && $0.triggers.contains { $0.isSignal(named: name) } }
        }
    }
}

extension EventTrigger {
    fileprivate func isSignal(named wanted: String) -> Bool {
        switch self {
        case .signal(let name): name.constantValue?.stringValue == wanted
        case .timer, .message, .condition: false
        }
    }
}
