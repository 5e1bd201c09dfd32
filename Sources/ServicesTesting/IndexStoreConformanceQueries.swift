import ProcessEngine
import Services
import Values

extension IndexStoreConformance {
    /// Six instances, one a millisecond apart, but two at once; each differs in something from the others.
    private static func fill(_ stores: Stores) async throws {
        func made(_ id: String, _ time: Int64, _ change: (inout IndexedInstance) -> Void) -> IndexChange {
            var made = instance(id, startedAt: time)
            change(&made)
            return .instanceStarted(made)
        }
        func pair(_ name: String, _ value: JSON) -> Variable { Variable(name: name, value: value) }
        try await apply(
            stores,
            [
                made("a", 1) { $0.labels.workflow = "media.ingest" },
                made("b", 2) { $0.labels.metadata = [pair("order", .number(42)), pair("site", .string("north"))] },
                made("c", 3) { $0.businessKey = "key" },
                made("d", 3) { $0.labels.metadata = [pair("order", .number(42))] },
                made("e", 4) {
                    $0.definition = DefinitionID(process: "media.ingest", version: 1)
                    $0.businessKey = "key"
                },
                made("f", 5) { $0.labels.objectID = "clip" },
                .instanceEnded(InstanceID("b"), state: .completed, message: nil, at: at(9)),
                .incidents(InstanceID("c"), change: 1, message: "m"),
                .instanceEnded(InstanceID("e"), state: .completed, message: nil, at: at(9)),
            ])
    }

    private static func ids(_ stores: Stores, _ filter: (inout InstanceQuery) -> Void = { _ in }) async throws -> String
    {
        var query = InstanceQuery()
        filter(&query)
        return try await stores.index.instances(query).rows.map(\.id.text).joined()
    }

    /// All pages of a query, joined by commas.
    private static func pages(_ stores: Stores, _ query: InstanceQuery) async throws -> String {
        var query = query
        var pages: [String] = []
        repeat {
            let page = try await stores.index.instances(query)
            pages.append(page.rows.map(\.id.text).joined())
            query.page.after = page.next
        } while query.page.after != nil && pages.count < 20
        return pages.joined(separator: ",")
    }

    private static func requireMisuse(_ search: () async throws -> Void) async throws {
        do { try await search() } catch let error as StoreError {
            try requireAnswer(error.kind, .misuse)
            return
        }
        throw StoreConformanceFailure(description: "a page request that means nothing was answered")
    }

    static let queryCases: [Case] = [
        Case("finds instances, newest first") { stores in
            try await fill(stores)
            try requireAnswer(try await ids(stores), "fedcba")
        },
        Case("filters instances by each property") { stores in
            try await fill(stores)
            try requireAnswer(try await ids(stores) { $0.id = InstanceID("c") }, "c")
            try requireAnswer(try await ids(stores) { $0.id = InstanceID("x") }, "")
            try requireAnswer(try await ids(stores) { $0.states = [.completed] }, "eb")
            try requireAnswer(try await ids(stores) { $0.states = [.completed, .incident, .completed] }, "ecb")
            try requireAnswer(try await ids(stores) { $0.workflow = "media.ingest" }, "ea")
            try requireAnswer(try await ids(stores) { $0.workflow = "ingest" }, "fdcba")
            try requireAnswer(try await ids(stores) { $0.businessKey = "key" }, "ec")
            try requireAnswer(try await ids(stores) { $0.objectID = "clip" }, "f")
            try requireAnswer(try await ids(stores) { $0.startedAfter = at(3) }, "fe")
            try requireAnswer(try await ids(stores) { $0.startedBefore = at(3) }, "ba")
            let order = Variable(name: "order", value: try JSON(validating: "42"))
            let site = Variable(name: "site", value: .string("north"))
            try requireAnswer(try await ids(stores) { $0.metadata = [order] }, "db")
            try requireAnswer(try await ids(stores) { $0.metadata = [order, site] }, "b")
            try requireAnswer(
                try await ids(stores) { $0.metadata = [Variable(name: "order", value: .string("42"))] }, "")
        },
        Case("joins all filters of instances") { stores in
            try await fill(stores)
            let order = Variable(name: "order", value: .number(42))
            try requireAnswer(
                try await ids(stores) {
                    $0.states = [.completed, .running]
                    $0.workflow = "ingest"
                    $0.startedAfter = at(1)
                    $0.startedBefore = at(5)
                }, "db")
            try requireAnswer(
                try await ids(stores) {
                    $0.metadata = [order]
                    $0.states = [.running, .incident]
                    $0.workflow = "ingest"
                    $0.startedAfter = at(2)
                }, "d")
            try requireAnswer(
                try await ids(stores) {
                    $0.businessKey = "key"
                    $0.states = [.completed]
                    $0.startedAfter = at(2)
                    $0.startedBefore = at(9)
                    $0.workflow = "media.ingest"
                }, "e")
            try requireAnswer(
                try await ids(stores) {
                    $0.id = InstanceID("b")
                    $0.metadata = [order]
                    $0.states = [.completed]
                }, "b")
        },
        Case("pages instances without gap or double, for every filter") { stores in
            try await fill(stores)
            var query = InstanceQuery()
            query.page.limit = 1
            try requireAnswer(try await pages(stores, query), "f,e,d,c,b,a")
            query.page.limit = 4
            try requireAnswer(try await pages(stores, query), "fedc,ba")
            query.page.limit = 6
            try requireAnswer(try await pages(stores, query), "fedcba")
            query.page.limit = 2
            query.workflow = "ingest"
            query.states = [.running, .completed, .incident]
            try requireAnswer(try await pages(stores, query), "fd,cb,a")
            query = InstanceQuery()
            query.page.limit = 1
            query.metadata = [Variable(name: "order", value: .number(42))]
            try requireAnswer(try await pages(stores, query), "d,b")
            query = InstanceQuery()
            query.page.limit = 1
            query.businessKey = "key"
            try requireAnswer(try await pages(stores, query), "e,c")
        },
        Case("goes on behind the last row, whatever is new") { stores in
            try await fill(stores)
            var query = InstanceQuery()
            query.page.limit = 3
            let first = try await stores.index.instances(query)
            try await apply(
                stores, [.instanceStarted(instance("g", startedAt: 6)), .instanceStarted(instance("0", startedAt: 2))])
            query.page.after = first.next
            try requireAnswer(try await stores.index.instances(query).rows.map(\.id.text), ["c", "b", "0"])
        },
        Case("filters and pages tasks, newest first") { stores in
            try await apply(
                stores,
                [
                    .taskCreated(task("a", 1, createdAt: 1)), .taskCreated(task("a", 2, createdAt: 1)),
                    .taskCreated(task("b", 1, createdAt: 1)), .taskCreated(task("a", 10, createdAt: 1)),
                    .taskCreated(task("c", 1, createdAt: 2, contract: "media.probe@2")),
                    .taskCreated(task("c", 2, createdAt: 3, contract: "media.copy@1")),
                    .taskChanged(task("a", 2).id, state: .completed, message: nil, at: at(9)),
                    .taskChanged(task("c", 2).id, state: .incident, message: "m", at: at(9)),
                ])
            func find(limit: Int = 50, _ filter: (inout TaskQuery) -> Void) async throws -> String {
                var query = TaskQuery()
                query.page.limit = limit
                filter(&query)
                var found: [String] = []
                repeat {
                    let page = try await stores.index.indexedTasks(query)
                    found += page.rows.map(\.id.description)
                    query.page.after = page.next
                } while query.page.after != nil && found.count < 20
                return found.joined(separator: " ")
            }
            for limit in [1, 4, 6, 50] {
                try requireAnswer(try await find(limit: limit) { _ in }, "c.2 c.1 b.1 a.10 a.2 a.1")
                try requireAnswer(try await find(limit: limit) { $0.instance = InstanceID("a") }, "a.10 a.2 a.1")
                try requireAnswer(try await find(limit: limit) { $0.states = [.completed, .incident] }, "c.2 a.2")
                try requireAnswer(try await find(limit: limit) { $0.contract = "media.probe" }, "c.1 b.1 a.10 a.2 a.1")
                try requireAnswer(try await find(limit: limit) { $0.contract = "media.probe@2" }, "c.1")
                try requireAnswer(try await find(limit: limit) { $0.createdAfter = at(1) }, "c.2 c.1")
                try requireAnswer(try await find(limit: limit) { $0.createdBefore = at(2) }, "b.1 a.10 a.2 a.1")
            }
        },
        Case("throws misuse for a page token that it did not give, and for a limit out of range") { stores in
            try await fill(stores)
            for token in ["", "x", "ZZZZ", "a.b.c", "0", "ü"] {
                try await requireMisuse {
                    var query = InstanceQuery()
                    query.page.after = token
                    _ = try await stores.index.instances(query)
                }
                try await requireMisuse {
                    var query = TaskQuery()
                    query.page.after = token
                    _ = try await stores.index.indexedTasks(query)
                }
            }
            for limit in [0, -1, 1001] {
                try await requireMisuse { _ = try await ids(stores) { $0.page.limit = limit } }
            }
        },
    ]
}
