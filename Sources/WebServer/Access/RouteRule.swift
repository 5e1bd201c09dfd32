package import Services

/// What a route asks of its caller. It stands beside the route, and no route can be added without one.
package enum RouteRule: Sendable, Hashable {
    /// What a request is about: where the right has to be.
    package enum Subject: Sendable, Hashable {
        /// All of the installation. Keys for some workflows are refused.
        case installation
        /// The instance of the path's `id`.
        case instance
        /// The instance that the external task of the path's `id` belongs to.
        case task
        /// What the handler finds: it asks about each thing itself, and leaves out of lists what the caller may not see.
        case found
        /// Nothing of a workflow.
        case nothing
    }

    /// Anybody, without a key.
    case open
    /// The token of an attempt, which the handler compares.
    case attempt
    case right(Right, on: Subject)

    static let connect = RouteRule.right(.connect, on: .nothing)
    static func read(_ subject: Subject) -> RouteRule { .right(.read, on: subject) }
    static func start(_ subject: Subject) -> RouteRule { .right(.start, on: subject) }
    static func operate(_ subject: Subject) -> RouteRule { .right(.operate, on: subject) }
    static func deploy(_ subject: Subject) -> RouteRule { .right(.deploy, on: subject) }
    static func work(_ subject: Subject) -> RouteRule { .right(.work, on: subject) }
}

/// A route as it was added.
package struct DeclaredRoute: Sendable, Hashable {
    package var method: String
    /// With the names of its parameters.
    package var path: String
    /// Nil: it was added past `Routes`.
    package var rule: RouteRule?

    var name: String { "\(method) \(path)" }
}
