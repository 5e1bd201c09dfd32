import Expressions
import HashTreeCollections
import OrderedCollections
import Values

/// What an expression sees from inside a scope: its own locals first, then that scope's variables, then outwards.
struct VisibleVariables: VariableScope {
    private let scopes: TreeDictionary<Int, Scope>
    private let scope: Int
    var locals: OrderedDictionary<String, JSON>
    let now: Timestamp
    let zones: any ZoneRules
    /// Where the expression stands; nil: outside of any instance.
    var place: ExpressionPlace?

    init(
        _ instance: ProcessInstance, scope: Int, locals: OrderedDictionary<String, JSON> = [:], now: Timestamp,
        zones: any ZoneRules = FixedZones(), place: ExpressionPlace? = nil
    ) {
        self.scopes = instance.scopes
        self.scope = scope
        self.locals = locals
        self.now = now
        self.zones = zones
        self.place = place
    }

    private init(now: Timestamp, zones: any ZoneRules) {
        scopes = [:]
        scope = 0
        locals = [:]
        self.now = now
        self.zones = zones
    }

    /// Nothing but what is put into `locals`.
    var emptied: VisibleVariables { VisibleVariables(now: now, zones: zones) }

    func lookup(_ name: String) -> JSON? {
        if let value = locals[name] { return value }
        var next: Int? = scope
        while let number = next, let candidate = scopes[number] {
            if let value = candidate.variables[name] ?? candidate.loop?.value(named: name) { return value }
            next = candidate.parent
        }
        return nil
    }

    func lookupLocal(_ name: String) -> JSON? { locals[name] ?? scopes[scope]?.variables[name] }

    func host(_ object: HostObject) -> JSON? {
        switch object {
        case .execution: place?.execution
        case .task: place?.task
        case .externalTask: place?.externalTask
        }
    }

    var names: [String] {
        var names = OrderedSet(locals.keys)
        var next: Int? = scope
        while let number = next, let candidate = scopes[number] {
            names.append(contentsOf: candidate.variables.keys)
            next = candidate.parent
        }
        return Array(names)
    }
}
