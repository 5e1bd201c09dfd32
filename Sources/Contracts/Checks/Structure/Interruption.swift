import Expressions
import ProcessEngine
import Values

/// Whether what is thrown in a process ends, in that process, the scope it is thrown in.
struct Interruption {
    private let subject: CheckSubject
    private var definition: ProcessDefinition { subject.definition }

    init(_ subject: CheckSubject) {
        self.subject = subject
    }

    /// Whether the event ends its scope, or an event that catches what it throws takes every token out of that.
    func ends(scopeOf event: ThrowEvent) -> Bool {
        switch event.ending {
        case .error(let error) where ends(scopeOf: error): return true
        case .cancel, .terminate: return true
        case .error, nil: break
        }
        return event.thrown.contains { thrown in
            switch thrown {
            case .escalation(let code):
                // Where only running it tells the code, it is taken for one that nobody names.
                isInterrupting(escalation: code?.constantValue?.stringValue, from: event.id)
            case .signal(let name, _):
                name.constantValue?.stringValue.map { isInterrupting(signal: $0, from: event.id) } ?? false
            case .message, .expression, .compensation: false
            }
        }
    }

    /// Whether an error end event ends its scope: something catches the error, or, where that cannot be told, might. Else only its
    /// own path ends; or an incident stands there, if the process wants that.
    func ends(scopeOf event: ErrorEndEvent) -> Bool {
        guard let code = event.code else { return true }
        return definition.uncaughtErrors == .incident || catches(code, from: event.id)
            || subject.mayBeCaughtByCaller(code)
    }

    /// Whether something in the process catches an error that an element throws out of its scope.
    private func catches(_ code: String, from element: ElementID) -> Bool {
        var origin = element
        while true {
            let scope = definition.parent(of: origin)
            if definition.catchers(beside: origin, in: scope).contains(where: { $0.match(of: code) != nil }) {
                return true
            }
            guard let scope else { return false }
            if definition.boundaryEvents(of: scope).contains(where: { ($0 as? any CodeCatcher)?.match(of: code) != nil }
            ) {
                return true
            }
            origin = scope
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
