import Foundation
import Values

/// What the journal says became of the instances.
struct Verdict {
    var tasks = 0
    var lost = 0
    var twice = 0
    var executions = 0
    var releases = 0

    static func read(_ site: Installation, expecting count: Int, runs: String) async throws -> Verdict {
        var verdict = Verdict()
        let http = HTTP(port: site.port)
        var after: String?
        var numbers: Set<String> = []
        repeat {
            let page = try await http.request("GET", "/v1/instances?limit=200" + (after.map { "&after=\($0)" } ?? ""))
            for row in page.body["instances"]?.elements() ?? [] {
                numbers.insert(row["objectId"]?.stringValue ?? "")
                try await verdict.add(row["id"]?.stringValue ?? "", http)
            }
            after = page.body["next"]?.stringValue
        } while after != nil
        verdict.lost += count - numbers.count
        let lines = (try String(contentsOfFile: runs, encoding: .utf8)).split(separator: "\n")
        verdict.executions = lines.count
        verdict.releases = lines.count { !$0.hasSuffix(" 1") }
        return verdict
    }

    /// One instance: three tasks, each completed once, and the sum of their work.
    private mutating func add(_ id: String, _ http: HTTP) async throws {
        let detail = try await http.request("GET", "/v1/instances/\(id)").body
        let history = try await http.request("GET", "/v1/instances/\(id)/history").body
        var completions: [Int: Int] = [:]
        for row in history["history"]?.elements() ?? [] {
            for event in row["events"]?.elements() ?? [] where event["e"]?.stringValue == "taskCompleted" {
                completions[event["task"]?.intValue ?? 0, default: 0] += 1
            }
        }
        tasks += completions.count
        twice += completions.values.count { $0 != 1 }
        if detail["state"]?.stringValue != "Completed" || completions.count != 3
            || detail["output"]?["value"]?.intValue != 3
        {
            lost += 1
            print("wrong: \(detail.text)")
        }
    }
}

/// A small seeded generator, so that a run can be had again by its seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
