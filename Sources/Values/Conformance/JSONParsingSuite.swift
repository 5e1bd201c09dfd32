/// Cases in the format of JSONTestSuite: the name of a file says what is to become of it. `y_` must be read and `n_`
/// refused; anything else may be either, but what is read must survive being written.
package enum JSONParsingSuite {
    /// Of two members of one name the last wins, as the suite has it.
    private static let limits = JSONLimits(duplicateKeys: .lastWins)

    package static func run(_ files: [(name: String, bytes: [UInt8])]) -> SuiteReport {
        var report = SuiteReport()
        for file in files { report.add(file.name, verdict(named: file.name, file.bytes)) }
        return report
    }

    /// `name`: of the file, without its directory.
    package static func verdict(named name: String, _ bytes: [UInt8]) -> SuiteReport.Verdict {
        do throws(JSONError) {
            let json = try JSON(validating: bytes, limits: limits)
            if name.hasPrefix("n_") { return .failed("was read") }
            return try survives(json) ? .passed : .failed("reads differently when it is written again")
        } catch {
            return name.hasPrefix("y_")
                ? .failed("line \(error.line), column \(error.column): \(error.message)") : .passed
        }
    }

    private static func survives(_ json: JSON) throws(JSONError) -> Bool {
        let value = json.decoded()
        let again = try JSON(validating: json.bytes)
        let written = try Value(parsing: value.json.bytes)
        return again == json && written == value && json.canonical.decoded() == value
    }
}
