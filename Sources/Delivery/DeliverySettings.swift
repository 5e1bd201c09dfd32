import ProcessEngine
package import Values

/// The settings of an installation, by name, as tasks get them.
package struct DeliverySettings: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package var values: [String: JSON]
    /// Secrets that are there and cannot be opened, each with the name of the key that it was encrypted with.
    package var unreadable: [String: String]
    /// The names of those that nobody may read.
    package var secrets: Set<String> = []

    package init(_ values: [String: JSON] = [:], unreadable: [String: String] = [:]) {
        self.values = values
        self.unreadable = unreadable
    }

    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(Dictionary(elements) { _, last in last })
    }

    package subscript(name name: String) -> JSON? { values[name] }

    /// What is wrong with the first that a task needs and cannot get; nil if it gets them all.
    func problem(with names: [String], of contract: String) -> String? {
        guard let name = names.first(where: { values[$0] == nil }) else { return nil }
        let need = "the setting \(name), which the contract \(contract) needs, "
        guard let key = unreadable[name] else { return need + "is not set" }
        return need + "cannot be opened: the broker does not have the key \(key), with which it was encrypted"
    }

    /// The secrets by name and text, the longest first: one may be a part of another. Shorter ones than four characters would be found
    /// where they are not meant.
    package var secretTexts: [(name: String, text: String)] {
        secrets.compactMap { name in
            values[name]?.stringValue.flatMap { $0.count >= 4 ? (name, $0) : nil }
        }.sorted { ($0.text.utf8.count, $0.name) > ($1.text.utf8.count, $1.name) }
    }
}

extension TaskReport {
    /// Without secrets in the words that people read, whatever agent wrote them: they go into the journal, the index and pages. Results
    /// are data, and stay as they are.
    package func masking(_ secrets: [(name: String, text: String)]) -> TaskReport {
        func masked(_ text: String) -> String {
            secrets.reduce(text) { $0.contains($1.text) ? $0.replacing($1.text, with: "[setting \($1.name)]") : $0 }
        }
        var report = self
        switch content {
        case .failed(var failure):
            failure.message = masked(failure.message)
            failure.details = failure.details.map(masked)
            report.content = .failed(failure)
        case .error(var error):
            error.message = error.message.map(masked)
            report.content = .error(error)
        case .progress(let value, let message): report.content = .progress(value, message: message.map(masked))
        case .started, .event, .completed, .released, .expired, .unroutable: break
        }
        return report
    }
}
