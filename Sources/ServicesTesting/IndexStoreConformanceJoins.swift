import ProcessEngine
import Services
import Values

/// Filters on what stands in the other table: instances by the contracts of their tasks, tasks by their instances.
extension IndexStoreConformance {
    private static func started(_ id: String, _ time: Int64, _ change: (inout IndexedInstance) -> Void) -> IndexChange {
        var made = instance(id, startedAt: time)
        change(&made)
        return .instanceStarted(made)
    }

    private static func label(_ name: String, _ value: JSON) -> Variable { Variable(name: name, value: value) }

    /// Tasks are not made in the order in which their instances were started.
    private static func fill(_ stores: Stores) async throws {
        let done = task("a", 1, createdAt: 11, contract: "media.probe@1")
        try await apply(
            stores,
            [
                started("a", 1) {
                    $0.labels.workflow = "media.ingest"
                    $0.businessKey = "key"
                },
                started("b", 2) {
                    $0.labels.metadata = [label("order", .number(42)), label("site", .string("north"))]
                    $0.labels.objectID = "clip"
                },
                started("c", 3) {
                    $0.definition = DefinitionID(process: "media.ingest", version: 1)
                    $0.labels.metadata = [label("order", .number(42))]
                    $0.businessKey = "key"
                },
                started("d", 3) { $0.labels.objectID = "clip" },
                .taskCreated(task("c", 1, createdAt: 10, contract: "media.probe@1")),
                .taskCreated(done), .taskCreated(task("b", 1, createdAt: 11, contract: "media.probe@2")),
                .taskCreated(task("c", 2, createdAt: 12, contract: "media.probe@1")),
                .taskCreated(task("c", 3, createdAt: 13, contract: "media.copy@1")),
                .taskCreated(task("a", 2, createdAt: 14, contract: "media.copy@1")),
                .taskCreated(task("nobody", 1, createdAt: 15, contract: "media.lost@1")),
                .taskChanged(done.id, state: .completed, message: nil, at: at(20)),
            ])
    }

    /// The ids of all pages, and that no page but the last is short.
    private static func instances(
        _ stores: Stores, by limit: Int, _ filter: (inout InstanceQuery) -> Void
    ) async throws -> String {
        var query = InstanceQuery()
        query.page.limit = limit
        filter(&query)
        var found: [String] = []
        repeat {
            let page = try await stores.index.instances(query)
            found += page.rows.map(\.id.text)
            if page.next != nil { try requireAnswer(page.rows.count, limit) }
            query.page.after = page.next
        } while query.page.after != nil && found.count < 10_000
        return found.joined(separator: " ")
    }

    private static func tasks(
        _ stores: Stores, by limit: Int, _ filter: (inout TaskQuery) -> Void
    ) async throws -> String {
        var query = TaskQuery()
        query.page.limit = limit
        filter(&query)
        var found: [String] = []
        repeat {
            let page = try await stores.index.indexedTasks(query)
            found += page.rows.map(\.id.description)
            if page.next != nil { try requireAnswer(page.rows.count, limit) }
            query.page.after = page.next
        } while query.page.after != nil && found.count < 10_000
        return found.joined(separator: " ")
    }

    static let joinCases: [Case] = [
        Case("finds instances by the contracts of their tasks, each once") { stores in
            try await fill(stores)
            for limit in [1, 2, 3, 50] {
                func find(_ filter: (inout InstanceQuery) -> Void) async throws -> String {
                    try await instances(stores, by: limit, filter)
                }
                try requireAnswer(try await find { $0.contract = "media.probe" }, "c b a")
                try requireAnswer(try await find { $0.contract = "media.probe@1" }, "c a")
                try requireAnswer(try await find { $0.contract = "media.probe@2" }, "b")
                try requireAnswer(try await find { $0.contract = "media.copy@2" }, "")
                try requireAnswer(try await find { $0.contract = "media" }, "")
                try requireAnswer(try await find { $0.contract = "media.lost" }, "")
            }
        },
        Case("joins the contract with all other filters of instances") { stores in
            try await fill(stores)
            for limit in [1, 50] {
                func find(_ filter: (inout InstanceQuery) -> Void) async throws -> String {
                    try await instances(stores, by: limit) { query in
                        query.contract = "media.probe"
                        filter(&query)
                    }
                }
                try requireAnswer(try await find { $0.id = InstanceID("b") }, "b")
                try requireAnswer(try await find { $0.id = InstanceID("d") }, "")
                try requireAnswer(try await find { $0.states = [.running, .completed] }, "c b a")
                try requireAnswer(try await find { $0.workflow = "media.ingest" }, "c a")
                try requireAnswer(try await find { $0.businessKey = "key" }, "c a")
                try requireAnswer(try await find { $0.objectID = "clip" }, "b")
                try requireAnswer(try await find { $0.metadata = [label("order", .number(42))] }, "c b")
                try requireAnswer(try await find { $0.startedAfter = at(1) }, "c b")
                try requireAnswer(try await find { $0.startedBefore = at(3) }, "b a")
            }
        },
        Case("finds tasks by what their instance has") { stores in
            try await fill(stores)
            let order = label("order", .number(42))
            for limit in [1, 2, 5, 50] {
                func find(_ filter: (inout TaskQuery) -> Void) async throws -> String {
                    try await tasks(stores, by: limit, filter)
                }
                try requireAnswer(try await find { $0.workflow = "media.ingest" }, "a.2 c.3 c.2 a.1 c.1")
                try requireAnswer(try await find { $0.workflow = "ingest" }, "a.2 b.1 a.1")
                try requireAnswer(try await find { $0.workflow = "none" }, "")
                try requireAnswer(try await find { $0.businessKey = "key" }, "a.2 c.3 c.2 a.1 c.1")
                try requireAnswer(try await find { $0.objectID = "clip" }, "b.1")
                try requireAnswer(try await find { $0.metadata = [order] }, "c.3 c.2 b.1 c.1")
                try requireAnswer(try await find { $0.metadata = [label("order", .string("42"))] }, "")
                try requireAnswer(
                    try await find { $0.metadata = [order, label("site", .string("north"))] }, "b.1")
            }
        },
        Case("joins all filters of tasks") { stores in
            try await fill(stores)
            let order = label("order", .number(42))
            for limit in [1, 50] {
                func find(_ filter: (inout TaskQuery) -> Void) async throws -> String {
                    try await tasks(stores, by: limit, filter)
                }
                try requireAnswer(
                    try await find {
                        $0.workflow = "media.ingest"
                        $0.businessKey = "key"
                        $0.states = [.completed, .open]
                        $0.contract = "media.probe@1"
                        $0.createdAfter = at(10)
                        $0.createdBefore = at(13)
                    }, "c.2 a.1")
                try requireAnswer(
                    try await find {
                        $0.metadata = [order]
                        $0.workflow = "media.ingest"
                        $0.businessKey = "key"
                        $0.contract = "media.copy"
                    }, "c.3")
                try requireAnswer(
                    try await find {
                        $0.instance = InstanceID("c")
                        $0.metadata = [order]
                        $0.workflow = "media.ingest"
                        $0.businessKey = "key"
                    }, "c.3 c.2 c.1")
                try requireAnswer(
                    try await find {
                        $0.instance = InstanceID("b")
                        $0.businessKey = "key"
                    }, "")
            }
        },
        Case("answers alike what few and what many have") { stores in
            // 1,500 instances of one workflow, label and contract; seven of them have rare ones as well.
            let numbers = Array(1...1500)
            func id(_ number: Int) -> String { "i\(10_000 + number)" }
            let rare = numbers.filter { $0.isMultiple(of: 200) }
            try await apply(
                stores,
                numbers.map { number in
                    started(id(number), Int64(number / 2)) {
                        $0.labels.workflow = rare.contains(number) ? "rare" : "frequent"
                        $0.definition = DefinitionID(process: rare.contains(number) ? "p" : "frequent", version: 1)
                        $0.labels.metadata = [label("site", .string(rare.contains(number) ? "north" : "south"))]
                        $0.labels.metadata.append(label("all", .bool(true)))
                    }
                })
            try await apply(
                stores,
                numbers.map { number in
                    // Those that were started last get their tasks first.
                    let contract = rare.contains(number) ? "media.rare@1" : "media.frequent@1"
                    return .taskCreated(task(id(number), 1, createdAt: Int64(3000 - number), contract: contract))
                })
            let many = numbers.filter { !rare.contains($0) }
            for (name, site, expected, limit) in [("rare", "north", rare, 2), ("frequent", "south", many, 700)] {
                let newest = expected.reversed().map(id).joined(separator: " ")
                let newestTasks = expected.map { id($0) + ".1" }.joined(separator: " ")
                try requireAnswer(try await instances(stores, by: limit) { $0.contract = "media.\(name)" }, newest)
                try requireAnswer(
                    try await instances(stores, by: limit) {
                        $0.contract = "media.\(name)@1"
                        $0.workflow = name
                        $0.states = [.running, .incident]
                    }, newest)
                try requireAnswer(try await tasks(stores, by: limit) { $0.workflow = name }, newestTasks)
                try requireAnswer(
                    try await tasks(stores, by: limit) {
                        $0.metadata = [label("all", .bool(true)), label("site", .string(site))]
                        $0.states = [.open, .error]
                    }, newestTasks)
                try requireAnswer(
                    try await tasks(stores, by: limit) {
                        $0.metadata = [label("site", .string(site))]
                        $0.workflow = name
                        $0.contract = "media.\(name)"
                    }, newestTasks)
            }
        },
    ]
}
