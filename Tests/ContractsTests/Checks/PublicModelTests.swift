import Contracts
import Foundation
import ProcessEngine
import Testing
import Values
import XMLReader

/// Models that other engines run must check clean: a false alarm is a bug.
@Suite struct PublicModelTests {
    @Test func `public models that run check clean, but for those with a reason`() throws {
        let folder = ConformanceData.directory.appending(path: "bpmn/models")
        guard let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else {
            return print("not run: checking the models of conformance/bpmn (absent)")
        }
        let files = all.compactMap { $0 as? URL }.filter { ["bpmn", "xml"].contains($0.pathExtension) }
            .sorted { $0.path < $1.path }
        guard !files.isEmpty else { return print("not run: checking the models of conformance/bpmn (absent)") }
        var checked = 0
        var clean = 0
        var found: [String: [String]] = [:]
        for file in files {
            let name = String(file.path.dropFirst(folder.path.count + 1))
            guard let root = try? XMLReader.read([UInt8](Data(contentsOf: file)), file: name),
                let definitions = try? ProcessDefinition.read(root, file: name)
            else { continue }
            checked += 1
            let findings = ModelCheck.check(definitions, against: nil)
            if findings.isEmpty { clean += 1 }
            for finding in findings { found[finding.code, default: []].append("\(name) \(finding.element ?? "-")") }
        }
        print(
            "models of conformance/bpmn: \(clean) of \(checked) that are read check clean;",
            found.map { "\($0.key) \($0.value.count)" }.sorted())
        for (code, places) in found.sorted(by: { $0.key < $1.key }) {
            let unexpected = places.filter { !(KnownFindings.places[code]?.contains($0) ?? false) }
            #expect(unexpected == [], "\(code)")
        }
        #expect(clean > 390)
    }
}
