package import Values

/// The findings of a check, for people, for programs, and for what shows findings in reviews (SARIF).
package struct CheckReport: Sendable {
    package let findings: [Diagnostic]

    package init(_ findings: [Diagnostic]) {
        self.findings = findings.inOrder
    }

    package var errors: Int { findings.count { $0.severity == .error } }
    package var warnings: Int { findings.count - errors }

    /// As good compilers write it: what and where, why, and what to do.
    package var text: String {
        findings.map(Self.text).joined(separator: "\n\n")
    }

    private static func text(_ finding: Diagnostic) -> String {
        var lines = ["\(finding.severity.rawValue)[\(finding.code)]: \(finding.message)"]
        var place = finding.file
        if finding.position.line > 0 { place += ":\(finding.position.line):\(finding.position.column)" }
        if let element = finding.element {
            let name = finding.elementName.map { " \"\(oneLine($0))\"" } ?? ""
            place += "\(place.isEmpty ? "" : ", ")element \(element)\(name)"
        }
        if !place.isEmpty { lines.append("  --> \(place)") }
        if let suggestion = finding.suggestion { lines.append("  help: \(suggestion)") }
        return lines.joined(separator: "\n")
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// `1 error, 2 warnings`.
    package var summary: String {
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        return "\(count(errors, "error")), \(count(warnings, "warning"))"
    }

    package var json: JSON {
        .object([
            ("errors", .number(errors)), ("warnings", .number(warnings)),
            ("findings", .array(findings.map(Self.json))),
        ])
    }

    private static func json(_ finding: Diagnostic) -> JSON {
        var members: [(name: String, value: JSON)] = [
            ("severity", .string(finding.severity.rawValue)), ("code", .string(finding.code)),
            ("file", .string(finding.file)), ("line", .number(finding.position.line)),
            ("column", .number(finding.position.column)),
        ]
        if let element = finding.element { members.append(("element", .string(element))) }
        if let name = finding.elementName { members.append(("elementName", .string(name))) }
        members.append(("message", .string(finding.message)))
        if let suggestion = finding.suggestion { members.append(("suggestion", .string(suggestion))) }
        return .object(members)
    }

    // MARK: SARIF

    /// SARIF 2.1.0. Files are relative to the place where the check ran.
    package func sarif(version: String) -> JSON {
        var ids: [String] = []
        for finding in findings where !ids.contains(finding.code) { ids.append(finding.code) }
        let rules = ids.map { id -> JSON in
            var members: [(name: String, value: JSON)] = [("id", .string(id))]
            if let rule = CheckRule(rawValue: id) {
                members.append(("shortDescription", .object([("text", .string(rule.summary))])))
                members.append(
                    ("defaultConfiguration", .object([("level", .string(rule.severity.rawValue))])))
            }
            return .object(members)
        }
        let driver: [(name: String, value: JSON)] = [
            ("name", .string("waybill check")), ("version", .string(version)), ("rules", .array(rules)),
        ]
        let run: JSON = .object([
            ("tool", .object([("driver", .object(driver))])), ("columnKind", .string("unicodeCodePoints")),
            ("results", .array(findings.map { Self.result($0, ids) })),
        ])
        return .object([
            ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .string("2.1.0")),
            ("runs", .array([run])),
        ])
    }

    private static func result(_ finding: Diagnostic, _ ids: [String]) -> JSON {
        let message = finding.message + (finding.suggestion.map { ". \($0)" } ?? "")
        var location: [(name: String, value: JSON)] = []
        if !finding.file.isEmpty {
            var physical: [(name: String, value: JSON)] = [
                ("artifactLocation", .object([("uri", .string(uri(finding.file)))]))
            ]
            if finding.position.line > 0 {
                physical.append(
                    (
                        "region",
                        .object([
                            ("startLine", .number(finding.position.line)),
                            ("startColumn", .number(max(finding.position.column, 1))),
                        ])
                    ))
            }
            location.append(("physicalLocation", .object(physical)))
        }
        if let element = finding.element {
            var logical: [(name: String, value: JSON)] = [("fullyQualifiedName", .string(element))]
            if let name = finding.elementName { logical.insert(("name", .string(name)), at: 0) }
            location.append(("logicalLocations", .array([.object(logical)])))
        }
        var members: [(name: String, value: JSON)] = [("ruleId", .string(finding.code))]
        if let index = ids.firstIndex(of: finding.code) { members.append(("ruleIndex", .number(index))) }
        members.append(("level", .string(finding.severity.rawValue)))
        members.append(("message", .object([("text", .string(message))])))
        if !location.isEmpty { members.append(("locations", .array([.object(location)]))) }
        return .object(members)
    }

    /// A path as a URI reference.
    private static func uri(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "-._~/".unicodeScalars.contains(scalar)
            {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}
