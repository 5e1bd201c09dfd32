import Values

/// An error for the person at the terminal.
package struct CommandError: Error, CustomStringConvertible {
    package let description: String
    /// The server did not answer, or is not ready: what was asked may be asked again.
    let isPassing: Bool
    /// What the server said, as problem details, for programs.
    let problem: JSON?

    init(_ text: String) {
        description = text
        isPassing = false
        problem = nil
    }

    init(noAnswer text: String) {
        description = text
        isPassing = true
        problem = nil
    }

    /// From problem details of the server, for the address that was asked.
    init(status: UInt, problem: JSON?, at address: String) {
        guard let problem, let title = problem["title"]?.stringValue else {
            description = "\(address) answered \(status), and not as a Waybill server does: is it one?"
            isPassing = status >= 500
            self.problem = nil
            return
        }
        self.problem = problem
        let detail = problem["detail"]?.stringValue ?? ""
        var lines = [detail.isEmpty || detail == title ? "\(address): \(title)" : "\(title): \(detail)"]
        let diagnostics = problem["problems"]?.elements() ?? []
        if !diagnostics.isEmpty { lines = ["\(title):"] + diagnostics.map { "  " + Self.line(of: $0) } }
        description = lines.joined(separator: "\n")
        isPassing = status == 503
    }

    /// `file:line:column: severity: message [code]; suggestion`.
    static func line(of diagnostic: JSON) -> String {
        Diagnostic(
            severity: diagnostic["severity"]?.stringValue.flatMap { Diagnostic.Severity(rawValue: $0) } ?? .error,
            code: diagnostic["code"]?.stringValue ?? "", file: diagnostic["file"]?.stringValue ?? "",
            position: SourcePosition(
                line: diagnostic["line"]?.intValue ?? 0, column: diagnostic["column"]?.intValue ?? 0),
            element: diagnostic["element"]?.stringValue, elementName: diagnostic["elementName"]?.stringValue,
            message: diagnostic["message"]?.stringValue ?? "",
            suggestion: diagnostic["suggestion"]?.stringValue
        ).description
    }
}
