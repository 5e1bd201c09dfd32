package import OrderedCollections

/// A JSON-shaped value. Objects keep the order of their members; equality ignores it, as JSON does.
package indirect enum Value: Sendable {
    case null
    case bool(Bool)
    case number(Decimal128)
    case string(String)
    case list([Value])
    case object(OrderedDictionary<String, Value>)
}
