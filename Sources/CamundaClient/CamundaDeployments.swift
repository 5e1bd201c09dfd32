package import Logging
import ProcessEngine
package import Services
import Values

/// What is deployed in another engine with a Camunda 7 REST API, for the deployment service.
///
/// A deployment says in its name which version of which workflow it is, and the hash of its model: so that the engine itself tells what it
/// has, and what somebody else deployed. It goes in two steps: everything is deployed once to have the engine validate it, and deleted;
/// then each version is deployed to stay. What is validated has a tenant of its own, so that nothing is started of it, and nothing is
/// ever deleted together with instances. Such an engine has neither transactions over several deployments nor an epoch: what is cut off
/// is completed by the next look, and what two deployment services side by side deploy at the same moment is there twice, and the same.
package struct CamundaDeployments: DeploymentTarget {
    private let transport: any CamundaTransport
    private let log: Logger

    package init(transport: any CamundaTransport, log: Logger) {
        self.transport = transport
        self.log = log
    }

    /// What a deployment of ours is known by.
    private static let source = "waybill"
    /// And one that is there to be validated.
    private static let checkSource = "waybill check"
    /// Whose such deployments are: a start that names no tenant does not see them. A Waybill has no tenants.
    private static let checkTenant = "waybill-check"
    /// Of one answer.
    private static let page = 500

    /// A model, or a DMN file, to deploy.
    package struct File: Sendable {
        package var name: String
        package var content: [UInt8]
        package init(name: String, content: [UInt8]) {
            self.name = name
            self.content = content
        }
    }

    // MARK: - What there is

    package func deployed() async throws -> DeployedState {
        // Left by processes that ended between both steps. Where another one is between them now, it has what it wanted to know.
        for check in try await deployments(of: Self.checkSource) { try await deleteCheck(check.id) }
        let newestRows = try await versions(["latestVersion": "true"])
        let checks = Set(try await deployments(of: Self.checkSource).map(\.id))
        let ours = Dictionary(try await deployments(of: Self.source).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var definitions: [DeployedDefinition] = []
        for row in newestRows {
            guard let newest = Self.definition(row, ours) else { continue }
            // What lies under a check, or under what somebody deployed by hand, counts as well.
            if newest.workflow != nil {
                definitions.append(newest)
                continue
            }
            let all = try await versions(["key": newest.id.process])
            definitions += all.filter { !checks.contains($0["deploymentId"]?.stringValue ?? "") }
                .compactMap { Self.definition($0, ours) }
        }
        return DeployedState(
            epoch: nil, contracts: nil, definitions: definitions.sorted { $0.id < $1.id },
            decisions: ours.values.compactMap(\.decision).sorted { $0.id < $1.id })
    }

    /// Without those that are there to be validated, as far as the engine has tenants.
    private func versions(_ query: [String: String]) async throws -> [JSON] {
        try await list("/process-definition", query).filter { $0["tenantId"]?.stringValue != Self.checkTenant }
    }

    private func deployments(of source: String) async throws -> [CamundaDeployment] {
        try await list("/deployment", ["source": source]).compactMap(CamundaDeployment.init)
    }

    private static func definition(_ row: JSON, _ ours: [String: CamundaDeployment]) -> DeployedDefinition? {
        guard let process = row["key"]?.stringValue, let version = row["version"]?.intValue else { return nil }
        var model = row["deploymentId"]?.stringValue.flatMap { ours[$0] }?.model
        if let made = model {
            // A Waybill takes the same model under another workflow version for the version there is: the last one counts.
            let same = ours.values.filter { $0.model?.contract == made.contract && $0.model?.hash == made.hash }
            model = same.max { ($0.order, $0.id) < ($1.order, $1.id) }?.model
        }
        return DeployedDefinition(
            id: DefinitionID(process: process, version: version), hash: model?.hash ?? "",
            workflow: model?.contract, workflowVersion: model?.version,
            deployedAt: Timestamp(millisecondsSinceEpoch: 0), open: row["suspended"]?.boolValue != true)
    }

    /// Every row of a list.
    private func list(_ path: String, _ query: [String: String]) async throws -> [JSON] {
        var rows: [JSON] = []
        while true {
            let more = ["firstResult": "\(rows.count)", "maxResults": "\(Self.page)"]
            let reply = try await send(CamundaRequest(path: path, query: query.merging(more) { $1 }))
            let found = reply.elements() ?? []
            rows += found
            if found.count < Self.page { return rows }
        }
    }

    // MARK: - Deploying

    package func deploy(_ deployment: Deployment) async throws -> DeploymentReceipt {
        let models = deployment.processes.map { process in
            (
                CamundaDeployment.name(
                    contract: process.workflow ?? process.process, version: process.workflowVersion ?? "0",
                    hash: process.hash), File(name: "\(process.process).bpmn", content: process.source)
            )
        }
        let decisions = deployment.decisions.compactMap { decision in
            DecisionBundle(decision.source)?.files.first.map { file in
                (
                    CamundaDeployment.name(of: decision),
                    File(name: "\(decision.decision).dmn", content: Array(file.text.utf8))
                )
            }
        }
        try await check((models + decisions).map(\.1))
        var receipt = DeploymentReceipt(definitions: [])
        for (name, file) in models + decisions {
            let reply = try await create(name, [("deployment-source", Self.source)], [file])
            for (_, row) in reply["deployedProcessDefinitions"]?.members() ?? [] {
                guard let process = row["key"]?.stringValue, let version = row["version"]?.intValue else { continue }
                receipt.definitions.append((DefinitionID(process: process, version: version), true))
            }
        }
        for (isSuspended, processes) in [(true, deployment.closed), (false, deployment.opened)] {
            for process in processes { try await setSuspended(isSuspended, process) }
        }
        return receipt
    }

    /// Has the engine validate files together: deploys them, and deletes that. Throws `CamundaFailure` with what the engine says.
    package func check(_ files: [File]) async throws {
        // A DMN file with two decisions is two artifacts; an engine takes no decision twice in one deployment.
        var known: Set<[UInt8]> = []
        let files = files.filter { known.insert($0.content).inserted }
        guard !files.isEmpty else { return }
        let reply = try await create(
            "check", [("deployment-source", Self.checkSource), ("tenant-id", Self.checkTenant)], files)
        guard let id = reply["id"]?.stringValue else {
            throw CamundaFailure(status: 200, message: "a deployment without an id")
        }
        try await deleteCheck(id)
    }

    private func create(_ name: String, _ fields: [(name: String, text: String)], _ files: [File]) async throws -> JSON
    {
        var parts = ([("deployment-name", name)] + fields).map { name, text in
            CamundaRequest.Part(name: name, content: Array(text.utf8))
        }
        for file in files {
            parts.append(CamundaRequest.Part(name: file.name, filename: file.name, content: file.content))
        }
        var request = CamundaRequest(path: "/deployment/create")
        request.parts = parts
        return try await send(request)
    }

    /// Without `cascade`: an engine whose instances run on it keeps it, and them. The next look tries again.
    private func deleteCheck(_ deployment: String) async throws {
        var request = CamundaRequest(path: "/deployment/\(deployment)")
        request.method = .delete
        let reply = try await transport.send(request)
        // Gone is what it should be.
        guard (200..<300).contains(reply.status) || reply.status == 404 else {
            return log.warning(
                "deployment \(deployment) was made to validate models, and the engine keeps it: \(reply.message)")
        }
    }

    /// Running instances go on.
    private func setSuspended(_ isSuspended: Bool, _ process: String) async throws {
        var request = CamundaRequest(path: "/process-definition/key/\(process)/suspended")
        request.method = .put
        request.body = .object([("suspended", .bool(isSuspended)), ("includeProcessInstances", .bool(false))])
        _ = try await send(request)
    }

    private func send(_ request: CamundaRequest) async throws -> JSON {
        let reply = try await transport.send(request)
        guard (200..<300).contains(reply.status) else {
            throw CamundaFailure(status: reply.status, message: reply.message)
        }
        return reply.body
    }
}
