import Testing
import Values

@testable import waybill

/// A staging plan as people read it.
struct PlanTextTests {
    private static func item(_ action: String, _ change: String?, resolution: String? = nil, chosen: Bool = true)
        -> JSON
    {
        .object([
            ("action", .string(action)), ("chosen", .bool(chosen)),
            ("resolution", resolution.map { .string($0) } ?? .null), ("change", change.map { .string($0) } ?? .null),
            ("kind", .string("task")), ("name", .string("a")),
        ])
    }

    @Test(arguments: [
        (
            [item("added", "added"), item("modified", "modified"), item("deleted", "removed")],
            "1 to add, 1 to modify, 1 to delete"
        ),
        ([item("conflict", "removed", resolution: "overwrite")], "0 to add, 0 to modify, 1 to delete"),
        ([item("conflict", "added", resolution: "overwrite")], "1 to add, 0 to modify, 0 to delete"),
        ([item("conflict", "modified", resolution: "overwrite")], "0 to add, 1 to modify, 0 to delete"),
        (
            [item("conflict", "removed", resolution: "keep"), item("added", "added", chosen: false)],
            "0 to add, 0 to modify, 0 to delete"
        ),
        ([item("kept", "removed")], "0 to add, 0 to modify, 0 to delete"),
    ])
    func `a conflict that the source decides counts as what it does`(items: [JSON], expected: String) {
        let plan = JSON.object([("items", .array(items)), ("unchanged", .number(0))])
        let text = PlanText(plan).text
        #expect(text.contains("Plan: \(expected), 0 unchanged"), "\(text)")
    }
}
