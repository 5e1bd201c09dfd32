package import Values

extension ProcessDefinition {
    /// The executable processes of a BPMN file. Throws everything that is wrong with any of them.
    package static func read(_ source: SourceNode, file: String) throws(Diagnostics) -> [ProcessDefinition] {
        let root = source.withKnownNamespaces
        func refusal(_ code: String, _ message: String, _ suggestion: String) -> Diagnostics {
            Diagnostics(
                Diagnostic(code: code, file: file, position: root.position, message: message, suggestion: suggestion))
        }
        guard root.name == "definitions", root.namespace == BPMN.namespace else {
            throw refusal(
                "not-bpmn", "the root element is <\(root.name)> of namespace \"\(root.namespace)\"",
                "a BPMN 2.0 file begins with <definitions xmlns=\"\(BPMN.namespace)\">")
        }
        let processes = root.children(named: "process", namespace: BPMN.namespace)
        let executable = processes.filter { $0.attribute("isExecutable") == "true" }
        guard !executable.isEmpty else {
            throw refusal(
                "no-executable-process",
                processes.isEmpty ? "the file has no process" : "none of the file's processes is executable",
                "set isExecutable=\"true\" on the process to run")
        }
        var definitions: [ProcessDefinition] = []
        var problems = DefinitionReader.duplicateIDs(in: root, file: file)
        for (number, node) in executable.enumerated() {
            var reader = DefinitionReader(file: file, root: root)
            if number == 0 { reader.warnOfUnusedCorrelationKeys() }
            let definition = reader.readProcess(node)
            problems += reader.diagnostics
            if let definition { definitions.append(definition) }
        }
        guard !problems.contains(where: { $0.severity == .error }) else {
            throw Diagnostics(problems.filter { $0.severity == .error }.inFileOrder)
        }
        return definitions
    }
}

extension [Diagnostic] {
    /// By position; what stands at one position stays in the order of its finding.
    var inFileOrder: [Diagnostic] {
        enumerated().sorted {
            ($0.element.position.line, $0.element.position.column, $0.offset)
                < ($1.element.position.line, $1.element.position.column, $1.offset)
        }.map(\.element)
    }
}
