import Services
package import Values

/// What the agents of one round did.
package struct BenchCount: Sendable, Equatable {
    package private(set) var executions = 0
    /// Executions of tasks that had been executed before.
    package private(set) var repeated = 0
    /// When the first task came, milliseconds since 1970.
    package private(set) var firstAt: Int64?
    private var seen: Set<String> = []

    package init() {}

    package mutating func executed(_ task: String) {
        if firstAt == nil { firstAt = SystemClock().now.millisecondsSinceEpoch }
        executions += 1
        if !seen.insert(task).inserted { repeated += 1 }
    }

    package var json: JSON {
        .object([
            ("executions", .number(executions)), ("repeated", .number(repeated)),
            ("firstAt", firstAt.map { .number(Int($0)) } ?? .null),
        ])
    }

    /// What a process printed; nil if it is no count.
    package init?(_ text: String) {
        guard let json = try? JSON(validating: text), let executions = json["executions"]?.intValue,
            let repeated = json["repeated"]?.intValue
        else { return nil }
        self.executions = executions
        self.repeated = repeated
        firstAt = json["firstAt"]?.intValue.map { Int64($0) }
    }
}
