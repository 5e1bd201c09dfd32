import Hummingbird
import HummingbirdCore
import NIOCore
import ProcessEngine
import Services
import Synchronization

/// A request with who makes it. Handlers ask `access` about each thing they find; until the gate of the route has let the request
/// in, that is nobody.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address that the connection comes from.
    let remote: String
    var access = Access.nobody
    /// Nil where no instances are served.
    var workflows: WorkflowLookup?
    let record = CallRecord()

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remote = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }

    /// Throws unless the caller may do this to what belongs to a deployed definition.
    func require(_ right: Right, on definition: DeployedDefinition) throws {
        record.note { $0.workflow = definition.workflowName }
        try access.require(right, on: definition.workflowName)
    }

    /// Throws unless the caller may do this to an instance. One that nobody knows is for those who may touch everything.
    func require(_ right: Right, on instance: InstanceID) async throws {
        guard access.isScoped else { return try access.require(right) }
        try access.require(right, on: try await workflows?.workflow(of: instance))
    }

    /// Throws unless the caller may send a message. Without an instance it is for whoever waits, or starts with it.
    func requireReceiver(_ instance: InstanceID?) async throws {
        record.note { $0.instance = instance.map { String($0.text.prefix(200)) } }
        if let instance { try await require(.start, on: instance) } else { try access.require(.start) }
    }

    /// Those of the rows whose workflow the caller may see.
    func visible<Row>(_ rows: [Row], definition: (Row) -> DefinitionID) async throws -> [Row] {
        guard access.isScoped, let workflows else { return rows }
        let names = try await workflows.workflows(Set(rows.map(definition)))
        return rows.filter { access.admits(names[definition($0)]) }
    }

    /// The same, of rows that name no more than their instance.
    func visible<Row>(_ rows: [Row], instance: (Row) -> InstanceID) async throws -> [Row] {
        guard access.isScoped, let workflows else { return rows }
        var definitions: [InstanceID: DefinitionID] = [:]
        for id in Set(rows.map(instance)) { definitions[id] = try await workflows.definition(of: id) }
        let names = try await workflows.workflows(Set(definitions.values))
        return rows.filter { row in access.admits(definitions[instance(row)].flatMap { names[$0] }) }
    }
}

/// What a request turned out to be about, for the audit log.
final class CallRecord: Sendable {
    private let noted = Mutex(AuditEntry.Subject())

    var subject: AuditEntry.Subject { noted.withLock { $0 } }

    func note(_ change: (inout AuditEntry.Subject) -> Void) {
        noted.withLock { change(&$0) }
    }
}
