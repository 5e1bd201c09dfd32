package import ProcessEngine
import Values

/// Who may take a user task, as the stores' indexes keep it: one text, in order.
package struct UserTaskCandidates: Sendable, Hashable {
    package var users: [String]
    package var groups: [String]

    package init(_ task: OpenUserTask) {
        users = task.candidateUsers
        groups = task.candidateGroups
    }

    package init(stored text: String) throws {
        let parts = try JSON(validating: text).elements() ?? []
        guard parts.count == 2 else {
            throw StoreError(.corrupt, "the candidates of a user task cannot be read; make the index again")
        }
        users = parts[0].elements()?.compactMap(\.stringValue) ?? []
        groups = parts[1].elements()?.compactMap(\.stringValue) ?? []
    }

    package var text: String {
        JSON.array([.array(users.map { .string($0) }), .array(groups.map { .string($0) })]).text
    }
}
