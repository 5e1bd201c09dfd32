import Values

extension Contract {
    /// Names whose values are not shown: its secrets, and inputs and outputs whose schema says `writeOnly` or `format: password`.
    package var secretNames: Set<String> {
        var names = Set(secrets)
        for schema in [input, output] {
            for (name, property) in schema["properties"]?.members() ?? []
            where property["writeOnly"]?.boolValue == true || property["format"]?.stringValue == "password" {
                names.insert(name)
            }
        }
        return names
    }
}
