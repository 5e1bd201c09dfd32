package import Values

/// A task for people that is not over.
package struct OpenUserTask: Sendable, Hashable {
    package let number: Int
    package let activity: Int
    package var element: ElementID
    package internal(set) var name: String?
    package var assignee: String?
    package internal(set) var candidateUsers: [String]
    package internal(set) var candidateGroups: [String]
    package internal(set) var dueAt: Timestamp?
    package internal(set) var followUpAt: Timestamp?
    package let formKey: String?
    package internal(set) var priority: Int

    package init(
        number: Int, activity: Int, element: ElementID, name: String? = nil, assignee: String? = nil,
        candidateUsers: [String] = [], candidateGroups: [String] = [], dueAt: Timestamp? = nil,
        followUpAt: Timestamp? = nil, formKey: String? = nil, priority: Int = 50
    ) {
        self.number = number
        self.activity = activity
        self.element = element
        self.name = name
        self.assignee = assignee
        self.candidateUsers = candidateUsers
        self.candidateGroups = candidateGroups
        self.dueAt = dueAt
        self.followUpAt = followUpAt
        self.formKey = formKey
        self.priority = priority
    }
}
