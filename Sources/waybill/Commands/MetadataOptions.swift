import ArgumentParser

/// Which labels an instance must have.
struct MetadataOptions: ParsableArguments {
    @Option(help: "KEY=TEXT that must be among the instance's labels; may be given several times.")
    var metadata: [String] = []

    /// As the query of a request says it.
    func query() throws -> [(String, String?)] {
        try metadata.map { text in
            guard let equals = text.firstIndex(of: "=") else {
                throw CommandError("--metadata takes KEY=TEXT, not '\(text)'")
            }
            return ("metadata." + text[..<equals], String(text[text.index(after: equals)...]))
        }
    }
}
