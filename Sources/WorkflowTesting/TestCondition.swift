import Expressions
import Values

/// A FEEL expression of a test file that must be true.
struct TestCondition: Sendable {
    let expression: Expression
    let position: SourcePosition

    /// Of the values given; the problem if it cannot be evaluated.
    func holds(
        for members: [(name: String, value: JSON)], at now: Timestamp, in zones: any ZoneRules
    ) -> Result<Bool, Failure> {
        do throws(ExpressionError) {
            return .success(try expression.evaluateCondition(in: Members(members, now: now, zones: zones)))
        } catch {
            return .failure(Failure(message: "\(error)"))
        }
    }

    struct Failure: Error {
        let message: String
    }

    private struct Members: VariableScope {
        let members: [(name: String, value: JSON)]
        let now: Timestamp
        let zones: any ZoneRules

        init(_ members: [(name: String, value: JSON)], now: Timestamp, zones: any ZoneRules) {
            self.zones = zones
            self.members = members
            self.now = now
        }

        var names: [String] { members.map(\.name) }
        func lookup(_ name: String) -> JSON? { members.last { $0.name == name }?.value }
    }
}
