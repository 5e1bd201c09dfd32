import Values

extension TestReport {
    /// In the form of JUnit, as CI servers read it: a suite for each file, a file that cannot be read is an error.
    package var junit: String {
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuites name=\"waybill test\" tests=\"\(run + unreadable)\" failures=\"\(failed)\" errors=\"\(unreadable)\">",
        ]
        for file in files {
            let isBroken = !file.problems.isEmpty
            let failures = file.cases.count { !$0.passed }
            lines.append(
                """
                  <testsuite name="\(XMLText.escaped(file.name))" tests="\(file.cases.count + (isBroken ? 1 : 0))" \
                failures="\(failures)" errors="\(isBroken ? 1 : 0)">
                """)
            if isBroken {
                lines.append("    <testcase name=\"(the file)\" classname=\"\(XMLText.escaped(file.name))\">")
                let text = file.problems.map(\.description).joined(separator: "\n")
                lines.append("      <error message=\"the file cannot be read\">\(XMLText.escaped(text))</error>")
                lines.append("    </testcase>")
            }
            for test in file.cases { lines += Self.lines(of: test, in: file) }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>", ""]).joined(separator: "\n")
    }

    private static func lines(of test: Case, in file: File) -> [String] {
        let name = XMLText.escaped(test.name)
        let owner = XMLText.escaped(file.process ?? file.name)
        let head =
            "    <testcase name=\"\(name)\" classname=\"\(owner)\" file=\"\(XMLText.escaped(file.name))\" line=\"\(test.position.line)\""
        guard !test.passed else { return [head + "/>"] }
        let text = test.failures.map { $0.text(in: file.name) } + ["path: \(test.path.joined(separator: " → "))"]
        let message = test.failures.first.map { "\($0.what): expected \($0.expected), found \($0.found)" } ?? ""
        return [
            head + ">", "      <failure message=\"\(XMLText.escaped(message))\">",
            XMLText.escaped(text.joined(separator: "\n")) + "</failure>", "    </testcase>",
        ]
    }
}
