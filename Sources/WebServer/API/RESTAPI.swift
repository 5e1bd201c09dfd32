import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
package import Services
import Values

/// The REST API of Waybill, version 1: `contracts/openapi.yaml` describes it.
package struct RESTAPI: Sendable {
    let starts: StartService
    let engine: EngineService
    let queries: QueryService
    let config: ConfigService
    let deployment: DeploymentService
    let registry: DefinitionRegistry
    let inputs: any TaskInputStore
    let events: EventService
    let decisions: DecisionService
    let staging: StagingService
    let settings: SettingsService
    let histories: HistoryService
    let restarts: RestartService
    let migrations: MigrationService
    /// The largest request body, bytes.
    static let bodyLimit = 8 << 20

    package init(
        starts: StartService, engine: EngineService, queries: QueryService, config: ConfigService,
        deployment: DeploymentService, registry: DefinitionRegistry,
        inputs: any TaskInputStore, events: EventService, decisions: DecisionService, staging: StagingService,
        settings: SettingsService, histories: HistoryService, restarts: RestartService,
        migrations: MigrationService
    ) {
        self.settings = settings
        self.starts = starts
        self.engine = engine
        self.queries = queries
        self.config = config
        self.deployment = deployment
        self.registry = registry
        self.inputs = inputs
        self.events = events
        self.decisions = decisions
        self.staging = staging
        self.histories = histories
        self.restarts = restarts
        self.migrations = migrations
    }

    func addRoutes(to routes: Routes) {
        addInstanceRoutes(to: routes)
        addTaskRoutes(to: routes)
        addEventRoutes(to: routes)
        addUserTaskRoutes(to: routes)
        addHistoryRoutes(to: routes)
        addMigrationRoutes(to: routes)
        addConfigRoutes(to: routes)
        addDecisionRoutes(to: routes)
        addConfigReadRoutes(to: routes)
        addStagingRoutes(to: routes)
        addSettingsRoutes(to: routes)
        routes.get("/", .connect) { _, _ in
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("product", "waybill")
            writer.member("api", "/v1")
            writer.member("health", "/health/ready")
            writer.member("metrics", "/metrics")
            writer.endObject()
            return Response(json: writer)
        }
    }
}

extension Response {
    init(status: HTTPResponse.Status = .ok, json writer: JSONWriter) {
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }
}

extension Request {
    /// The JSON object in the body; an empty body is an empty object.
    func jsonObject(limit: Int = RESTAPI.bodyLimit) async throws -> JSON {
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: limit)
        } catch {
            throw Problem(
                status: .contentTooLarge, title: "Content too large",
                detail: "a request body may have at most \(limit) bytes")
        }
        if buffer.readableBytes == 0 { return .emptyObject }
        do {
            let json = try JSON(validating: buffer.readableBytesView)
            guard json.isObject else { throw Problem.badRequest("the body must be a JSON object") }
            return json
        } catch let error as JSONError {
            throw Problem.badRequest(
                "the body is not valid JSON: line \(error.line), column \(error.column): \(error.message)")
        }
    }

    func query(_ name: String) -> String? {
        uri.queryParameters[Substring(name)].map { String($0) }
    }

    /// A filter: given, it must say something.
    func filter(_ name: String) throws -> String? {
        guard let text = query(name) else { return nil }
        guard !text.isEmpty else { throw Problem.badRequest("\(name) is empty: leave it out to see everything") }
        return text
    }

    /// The filter `contract`: `NAME` or `NAME@MAJOR`; a version stands for its major.
    func contractFilter() throws -> String? {
        guard let text = try filter("contract") else { return nil }
        // Topics of models made for Camunda have names that no contract file has.
        if !text.contains("@") || ContractKey(text) != nil { return text }
        guard let reference = Contract.parseReference(text) else {
            throw Problem.badRequest("contract is NAME or NAME@MAJOR, not '\(text)'")
        }
        switch reference.wanted {
        case .newest(let major): return "\(reference.name)@\(major)"
        case .exactly(let version): return "\(reference.name)@\(version.major)"
        case .latest: return reference.name
        }
    }

    /// The filter `workflow` of tasks: a name, of all versions.
    func workflowFilter() throws -> String? {
        guard let text = try filter("workflow") else { return nil }
        guard !text.contains("@") else {
            throw Problem.badRequest(
                "workflow is a name without a version, as in \(text.prefix { $0 != "@" }); each row tells its version")
        }
        return text
    }

    func queryNumber(_ name: String) throws -> Int? {
        try query(name).map { text in
            guard let number = Int(text), number >= 0 else {
                throw Problem.badRequest("\(name) is a number, not '\(text)'")
            }
            return number
        }
    }

    func queryTime(_ name: String) throws -> Timestamp? {
        guard let text = query(name) else { return nil }
        guard let time = Timestamp(iso8601: text) else {
            throw Problem.badRequest(
                "\(name) must be a date-time with a zone, like 2026-01-31T12:00:00Z, not '\(text)'")
        }
        return time
    }

    func queryStates<State: RawRepresentable & CaseIterable>(
        _ name: String, of type: State.Type
    ) throws -> [State] where State.RawValue == String {
        guard let text = query(name), !text.isEmpty else { return [] }
        return try text.split(separator: ",").map { word in
            guard let state = State.allCases.first(where: { $0.rawValue.lowercased() == word.lowercased() }) else {
                let all = State.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("\(name) is one of \(all), not '\(word)'")
            }
            return state
        }
    }

    func page() throws -> PageRequest {
        var page = PageRequest(after: query("after"))
        if let text = query("limit") {
            guard let limit = Int(text), (1...1000).contains(limit) else {
                throw Problem.badRequest("limit is a number from 1 to 1000, not '\(text)'")
            }
            page.limit = limit
        }
        return page
    }

    /// Refuses parameters nobody reads: a misspelt filter, or the second of a name, would silently show something else.
    func allowQuery(_ names: Set<String>, prefixes: [String] = []) throws {
        var seen: Set<String> = []
        for (key, _) in uri.queryParameters {
            let name = String(key)
            guard names.contains(name) || prefixes.contains(where: { name.hasPrefix($0) }) else {
                let all = names.sorted() + prefixes.map { "\($0)*" }
                let there = all.isEmpty ? "there are none" : "there are: \(all.joined(separator: ", "))"
                throw Problem.badRequest("unknown query parameter '\(name)'; \(there)")
            }
            guard seen.insert(name).inserted else {
                throw Problem.badRequest("the query parameter '\(name)' is there twice")
            }
        }
    }
}
