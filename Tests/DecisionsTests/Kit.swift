import Decisions
import Expressions
import Foundation
import Values
import XMLReader

/// Where the conformance data lies, and how it is run.
enum Kit {
    static var root: URL {
        if let path = ProcessInfo.processInfo.environment["WAYBILL_CONFORMANCE"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/conformance")
    }

    static let options = DecisionOptions(
        now: Timestamp(millisecondsSinceEpoch: 1_769_860_800_000), zones: SystemZones(), keepsTrace: false)

    static func run(_ directory: String) -> ConformanceReport {
        DecisionConformance(files: files, options: options).run(directory)
    }

    private static let files = DecisionConformance.Files(
        list: { directory in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory).sorted()) ?? []
            return names.map { name in
                var isDirectory: ObjCBool = false
                let exists = FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isDirectory)
                return exists && isDirectory.boolValue ? name + "/" : name
            }
        },
        read: { (file) throws(Diagnostics) in
            let data = FileManager.default.contents(atPath: file) ?? Data()
            return try XMLReader.read(data, file: file)
        })
}

/// The rules of time zones that this machine has.
struct SystemZones: ZoneRules {
    func offset(of zone: String, at timestamp: Timestamp) -> ZoneOffset? {
        let date = Date(timeIntervalSince1970: Double(timestamp.millisecondsSinceEpoch) / 1000)
        return TimeZone(identifier: zone).flatMap { ZoneOffset(seconds: $0.secondsFromGMT(for: date)) }
    }
}
