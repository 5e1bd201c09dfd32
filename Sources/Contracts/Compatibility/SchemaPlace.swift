/// A place in a schema of a contract: as people write it, and where its file says so.
struct SchemaPlace: CustomStringConvertible {
    /// `input.order.id`.
    var description = ""
    /// A JSON Pointer into the contract. What is behind a reference stands where that refers to it.
    var pointer = ""

    func member(_ name: String) -> SchemaPlace { inner("\(description).\(name)", "properties", name) }
    var rest: SchemaPlace { inner("\(description).*", "additionalProperties") }
    func pattern(_ pattern: String) -> SchemaPlace {
        inner("\(description)./\(pattern)/", "patternProperties", pattern)
    }
    var names: SchemaPlace { inner("the names of members of \(description)", "propertyNames") }
    func item(_ index: Int) -> SchemaPlace { inner("\(description)[\(index)]", "prefixItems", String(index)) }
    var items: SchemaPlace { inner("\(description)[]", "items") }

    private func inner(_ description: String, _ tokens: String...) -> SchemaPlace {
        SchemaPlace(
            description: description, pointer: tokens.reduce(pointer) { JSONPointer.appending($1, to: $0) })
    }
}
