import Foundation

/// What is pushed in the story: directories of contracts and models.
///
/// ingest: start -> probe -> review -> (note, from 1.1 on) -> end
struct StoryFiles {
    private(set) var files: [String: String] = [:]

    /// The first release.
    static var first: StoryFiles {
        var all = StoryFiles()
        all.probe("1.0")
        all.review("1.0")
        all.ingest("1.0", ["probe": "media.probe@1", "review": "media.review@1"])
        all.workflow("archive", "1.0", ["probe": "media.probe@1"])
        return all
    }

    /// A longer ingest, a report, no archive any more.
    static var second: StoryFiles {
        var all = StoryFiles()
        all.probe("1.1", more: "timeout: PT20M\n")
        all.review("1.1", more: "timeout: PT2H\n")
        all.task("media.note", "1.0", required: "approved", type: "boolean", output: "noted", outputType: "boolean")
        all.ingest("1.1", ["probe": "media.probe@1", "review": "media.review@1", "note": "media.note@1"])
        all.workflow("report", "1.0", ["probe": "media.probe@1"])
        return all
    }

    /// A probe that wants a checksum.
    static func third(probe version: String) -> StoryFiles {
        var all = second
        all.probe(version, required: "sourceUri, checksum", property: "    checksum: {type: string}\n")
        let major = version.prefix { $0 != "." }
        all.ingest(
            version, ["probe": "media.probe@\(major)", "review": "media.review@1", "note": "media.note@1"],
            required: "sourceUri, checksum", property: "    checksum: {type: string}\n")
        return all
    }

    mutating func probe(_ version: String, required: String = "sourceUri", property: String = "", more: String = "") {
        files["probe.yaml"] = """
            kind: task
            name: media.probe
            version: "\(version)"
            input:
              type: object
              required: [\(required)]
              properties:
                sourceUri: {type: string}
            \(property)output:
              type: object
              required: [durationSeconds]
              properties:
                durationSeconds: {type: number}
            \(more)
            """
    }

    mutating func review(_ version: String, more: String = "") {
        task(
            "media.review", version, required: "durationSeconds", type: "number", output: "approved",
            outputType: "boolean", more: more)
    }

    mutating func task(
        _ name: String, _ version: String, required: String, type: String, output: String, outputType: String,
        more: String = ""
    ) {
        files["\(name).yaml"] = """
            kind: task
            name: \(name)
            version: "\(version)"
            input:
              type: object
              required: [\(required)]
              properties:
                \(required): {type: \(type)}
            output:
              type: object
              required: [\(output)]
              properties:
                \(output): {type: \(outputType)}
            \(more)
            """
    }

    mutating func ingest(
        _ version: String, _ steps: KeyValuePairs<String, String>, required: String = "sourceUri", property: String = ""
    ) {
        workflow("ingest", version, steps, required: required, property: property)
    }

    mutating func workflow(
        _ name: String, _ version: String, _ steps: KeyValuePairs<String, String>, required: String = "sourceUri",
        property: String = ""
    ) {
        files["\(name).yaml"] = """
            kind: workflow
            name: media.\(name)
            version: "\(version)"
            process: \(name)
            objectId: sourceUri
            input:
              type: object
              required: [\(required)]
              properties:
                sourceUri: {type: string}
            \(property)
            """
        let ids = ["start"] + steps.map(\.key) + ["end"]
        let tasks = steps.map { "    <serviceTask id=\"\($0.key)\" waybill:contract=\"\($0.value)\"/>\n" }.joined()
        let flows = zip(ids, ids.dropFirst()).map {
            "    <sequenceFlow id=\"\($0)-\($1)\" sourceRef=\"\($0)\" targetRef=\"\($1)\"/>\n"
        }.joined()
        files["\(name).bpmn"] = """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn/1.0"
              targetNamespace="https://waybill.dev/tests">
              <process id="\(name)" isExecutable="true">
                <startEvent id="start"/>
            \(tasks)    <endEvent id="end"/>
            \(flows)  </process>
            </definitions>
            """
    }

    /// Writes all of them into a new directory.
    func write(to directory: URL) throws -> String {
        try? FileManager.default.removeItem(at: directory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
        }
        return directory.path
    }
}
