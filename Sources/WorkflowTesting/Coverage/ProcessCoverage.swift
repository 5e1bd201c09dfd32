import ProcessEngine
import Values

/// Which elements and flows of a process tests have been through.
package struct ProcessCoverage: Sendable, Hashable {
    package let file: String
    package let process: String
    /// In the order of the file.
    package private(set) var elements: [Part]
    package private(set) var flows: [Part]

    package struct Part: Sendable, Hashable {
        package let id: String
        package let name: String?
        package fileprivate(set) var visits: Int
    }

    init(of definition: ProcessDefinition) {
        file = definition.file
        process = definition.process
        elements = definition.elements.map {
            Part(id: $0.id.text, name: definition.name(of: $0.id), visits: 0)
        }
        flows = definition.flows.map { Part(id: $0.id.text, name: nil, visits: 0) }
    }

    mutating func add(elements visited: [String: Int], flows taken: [String: Int]) {
        for index in elements.indices { elements[index].visits += visited[elements[index].id] ?? 0 }
        for index in flows.indices { flows[index].visits += taken[flows[index].id] ?? 0 }
    }

    /// Of elements and flows together, 0…100.
    package var percent: Double {
        let all = elements + flows
        return all.isEmpty ? 100 : Double(all.count { $0.visits > 0 }) / Double(all.count) * 100
    }

    package var text: String {
        func count(_ parts: [Part], _ what: String) -> String {
            "\(parts.count { $0.visits > 0 }) of \(parts.count) \(what)"
        }
        var lines = ["\(process): \(count(elements, "elements")), \(count(flows, "flows")) (\(Int(percent)) %)"]
        let missed = (elements + flows).filter { $0.visits == 0 }.map(\.id)
        if !missed.isEmpty { lines.append("  not visited: \(missed.joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }

    var json: Value {
        func parts(_ parts: [Part]) -> Value {
            [
                "total": .number(Decimal128(parts.count)),
                "covered": .number(Decimal128(parts.count { $0.visits > 0 })),
                "missed": .list(parts.filter { $0.visits == 0 }.map { .string($0.id) }),
            ]
        }
        return [
            "file": .string(file), "process": .string(process), "elements": parts(elements), "flows": parts(flows),
        ]
    }
}

extension ProcessCoverage {
    /// Adds what a run has been through, of all processes that took part in it.
    static func add(_ run: CaseRun, to all: inout [ProcessCoverage]) {
        for member in run.simulation.members {
            var visited: [String: Int] = [:]
            var taken: [String: Int] = [:]
            for event in member.journal {
                if case .activityEntered(_, let element, _) = event { visited[element.text, default: 0] += 1 }
                if case .flowTaken(let flow, _) = event { taken[flow.text, default: 0] += 1 }
            }
            let place =
                all.firstIndex { $0.process == member.definition.process && $0.file == member.definition.file }
                ?? all.count
            if place == all.count { all.append(ProcessCoverage(of: member.definition)) }
            all[place].add(elements: visited, flows: taken)
        }
    }
}
