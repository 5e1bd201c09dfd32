/// Numbers of `/metrics`.
package struct BenchMetrics: Sendable {
    package struct Sample: Sendable, Equatable {
        package var labels: [String: String]
        package var value: Double
    }

    private var samples: [String: [Sample]] = [:]

    /// Reads the text format of Prometheus as far as Waybill writes it.
    package init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                continue
            }
            let head = line[..<space]
            guard let brace = head.firstIndex(of: "{") else {
                samples[String(head), default: []].append(Sample(labels: [:], value: value))
                continue
            }
            let labels = head[brace...].matches(of: #/(\w+)="((?:[^"\\]|\\.)*)"/#).map {
                (String($0.output.1), String($0.output.2))
            }
            samples[String(head[..<brace]), default: []].append(
                Sample(labels: Dictionary(labels) { first, _ in first }, value: value))
        }
    }

    package subscript(_ name: String) -> [Sample] { samples[name] ?? [] }

    package func sum(_ name: String) -> Double { self[name].reduce(0) { $0 + $1.value } }
}
