import Contracts
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Filters of lists that ask more than the index alone.
extension RESTAPI {
    /// The filter `workflow` of instances: `NAME`, or `NAME@VERSION` with a version or a range; of a process without a contract its
    /// number. Throws `Rejection(.gone)` if no such version is deployed, as far as the caller may know.
    func workflowFilter(
        _ request: Request, _ context: CallContext
    ) async throws -> (name: String?, definitions: [DefinitionID]) {
        guard let text = try request.filter("workflow") else { return (nil, []) }
        guard let at = text.firstIndex(of: "@") else { return (text, []) }
        let (name, wanted) = (String(text[..<at]), String(text[text.index(after: at)...]))
        let range: VersionRange
        do {
            range = try VersionRange(wanted)
        } catch {
            throw Problem.badRequest("workflow is NAME or NAME@VERSION: \(error.message)")
        }
        try await registry.refresh()
        let known = await registry.deployed.filter { definition in
            (definition.workflow == name || definition.id.process == name)
                && context.access.admits(definition.workflowName)
        }
        guard !known.isEmpty else { throw Rejection(.gone, "no workflow \(name) is deployed") }
        let found = known.filter { definition in
            guard definition.workflow == name else { return String(definition.id.version) == wanted }
            return definition.workflowVersion.flatMap { ContractVersion($0) }.map { range.contains($0) } ?? false
        }
        guard !found.isEmpty else {
            let versions = known.map { definition in
                definition.workflow == name ? definition.workflowVersion ?? "" : String(definition.id.version)
            }
            throw Rejection(.gone, "\(name) has no version \(wanted); deployed: \(versions.joined(separator: ", "))")
        }
        return (name, found.map(\.id))
    }

    /// Of the rows of a list those that the caller may see. Throws `Problem` if there are none because the instance that was asked for
    /// is not there, which is not the same as one without such rows.
    func visible<Row>(
        _ rows: [Row], of asked: InstanceID?, _ context: CallContext, instance: (Row) -> InstanceID
    ) async throws -> [Row] {
        let visible = try await context.visible(rows, instance: instance)
        guard visible.isEmpty, let asked else { return visible }
        let isThere = try await queries.state(asked) != nil
        guard isThere, try await !context.visible([asked], instance: { $0 }).isEmpty else {
            throw Problem.notFound("there is no instance \(asked)")
        }
        return visible
    }
}
