import Foundation

/// The public test cases, which are kept outside the repository.
enum ConformanceData {
    /// `WAYBILL_CONFORMANCE`, else `../shared/conformance` beside the package.
    private static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["WAYBILL_CONFORMANCE"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appendingPathComponent("../shared/conformance").standardizedFileURL
    }()

    /// The files of a folder by name; empty, with a notice, if the folder is absent.
    static func files(in folder: String) -> [(name: String, bytes: [UInt8])] {
        let directory = root.appendingPathComponent(folder)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path) else {
            print("not run, no conformance data: \(folder)")
            return []
        }
        return names.sorted().compactMap { name in
            (try? Data(contentsOf: directory.appendingPathComponent(name))).map { (name, [UInt8]($0)) }
        }
    }
}
