package import ProcessEngine
import Values

/// Labels that the index keeps among the metadata, under names that no caller may use: they are found like metadata, at no cost to
/// instances that have none.
extension InstanceLabels {
    static let reservedPrefix = "waybill."
    static let correlationName = "waybill.correlationId"
    private static let runAsName = "waybill.runAs"

    /// As the index keeps them.
    var indexed: InstanceLabels {
        var labels = self
        if let correlationID {
            labels.metadata.append(Variable(name: Self.correlationName, value: .string(correlationID)))
        }
        if let runAs { labels.metadata.append(Variable(name: Self.runAsName, value: .string(runAs))) }
        return labels
    }

    /// As somebody sees them who has a row of the index.
    package var shown: InstanceLabels {
        var labels = self
        labels.metadata.removeAll { $0.name.hasPrefix(Self.reservedPrefix) }
        func value(_ name: String) -> String? { metadata.first { $0.name == name }?.value.stringValue }
        labels.correlationID = value(Self.correlationName) ?? correlationID
        labels.runAs = value(Self.runAsName) ?? runAs
        return labels
    }
}

extension InstanceQuery {
    /// Only instances with this correlation id of their own, or of one that called them.
    func narrowed(toCorrelationID id: String) -> InstanceQuery {
        var query = self
        query.metadata.append(Variable(name: InstanceLabels.correlationName, value: .string(id)))
        return query
    }
}
