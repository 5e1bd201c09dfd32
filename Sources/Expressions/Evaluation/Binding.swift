package import OrderedCollections

/// Names bound inside an expression: a chain, innermost first. Values do not change once bound, so functions can keep
/// it.
package final class Binding: Sendable {
    private enum Content: Sendable {
        case value(name: String, Datum)
        /// The item of a filter: its members are names, and so is `item`.
        case item(Datum)
        /// The entries of a context so far.
        case members(OrderedDictionary<String, Datum>)
    }

    private let content: Content
    private let outer: Binding?

    package init(_ name: String, _ value: Datum, in outer: Binding?) {
        content = .value(name: name, value)
        self.outer = outer
    }

    package init(item: Datum, in outer: Binding?) {
        content = .item(item)
        self.outer = outer
    }

    package init(members: OrderedDictionary<String, Datum>, in outer: Binding?) {
        content = .members(members)
        self.outer = outer
    }

    /// The innermost value of `name`.
    package static func lookup(_ name: String, in innermost: Binding?) -> Datum? {
        var current = innermost
        while let binding = current {
            switch binding.content {
            case .value(let boundName, let value):
                if boundName == name { return value }
            case .item(let item):
                if case .context(let members) = item, let member = members[name] { return member }
                if name == "item" { return item }
            case .members(let members):
                if let member = members[name] { return member }
            }
            current = binding.outer
        }
        return nil
    }
}
