import Decisions
import Expressions
import Foundation
import Testing
import Values
import XMLReader

/// The DMN Technology Compatibility Kit.
@Suite struct ConformanceTests {
    /// Cases that are answered otherwise, and why; prefixes of `directory/case`.
    static let otherwise: [(prefix: String, reason: String)] = []

    @Test func `passes the compatibility kit`() throws {
        let kit = Kit.root.appendingPathComponent("dmn-tck")
        guard FileManager.default.fileExists(atPath: kit.path) else {
            print("not run: the DMN compatibility kit, absent at \(kit.path)")
            return
        }
        let report = Kit.run(kit.path)
        print(report.text)
        for level in ["compliance-level-2", "compliance-level-3"] {
            let all = report.score { $0.directory.hasPrefix(level) }
            let values = report.score { $0.directory.hasPrefix(level) && $0.expectsValue }
            print("\(level): \(all.passed) of \(all.run); expecting a value: \(values.passed) of \(values.run)")
            #expect(all.percent >= 99 && values.percent >= 99, "\(level)")
        }
        let unexpected = report.outcomes.filter { outcome in
            outcome.verdict != .passed && !Self.otherwise.contains { outcome.name.hasPrefix($0.prefix) }
        }
        #expect(unexpected.isEmpty, "\(unexpected.map(\.name).joined(separator: "\n"))")
    }
}
