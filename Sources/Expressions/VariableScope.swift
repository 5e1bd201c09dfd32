package import Values

/// Where an expression reads its variables from.
package protocol VariableScope: Sendable {
    /// The variable's value; nil if there is none (a variable that is JSON null is not nil).
    func lookup(_ name: String) -> JSON?
    /// The time that `now()` and `today()` answer.
    var now: Timestamp { get }
    /// The names of all variables, in a stable order.
    var names: [String] { get }
    /// The rules of time zones by name.
    var zones: any ZoneRules { get }
    /// The value of a variable of the innermost scope itself.
    func lookupLocal(_ name: String) -> JSON?
    /// What JUEL knows the engine's object by: its properties; nil if there is none here.
    func host(_ object: HostObject) -> JSON?
}

extension VariableScope {
    package var zones: any ZoneRules { FixedZones() }
    package func lookupLocal(_ name: String) -> JSON? { lookup(name) }
    package func host(_ object: HostObject) -> JSON? { nil }
}
