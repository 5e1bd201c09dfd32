package import Values

/// Events as bytes of the journal: a JSON array, each event an object whose member `e` names its kind.
///
/// What is written is kept for ever: a member may be added if it can be absent; a new meaning is a new kind.
package enum EventCoding {
    /// The bytes, and for each task created where its raw input stands in them, so that a store can point there.
    package static func encode(_ events: [Event]) -> (bytes: [UInt8], inputRanges: [Int: Range<Int>]) {
        var encoder = EventEncoder()
        encoder.writer.beginArray()
        for event in events { encoder.write(event) }
        encoder.writer.endArray()
        return (encoder.writer.bytes, encoder.inputRanges)
    }

    /// Wider than what peers may send: a row holds many values, each a few levels down.
    package static let limits = JSONLimits(maxBytes: .max, maxDepth: 1024)

    /// The events of bytes that `encode` made, without those of some kinds. What it did not make is refused.
    package static func decode(_ bytes: [UInt8], leavingOut kinds: Set<String> = []) throws(Diagnostics) -> [Event] {
        let array: JSON
        do {
            array = try JSON(validating: bytes, limits: limits)
        } catch {
            throw EventDecoder.damaged("it is not JSON: \(error)")
        }
        guard let elements = array.elements() else { throw EventDecoder.damaged("it is not an array") }
        var events: [Event] = []
        events.reserveCapacity(elements.count)
        for element in elements {
            let decoder = try EventDecoder(element)
            if kinds.isEmpty || !kinds.contains(decoder.kind) { events.append(try decoder.event()) }
        }
        return events
    }
}
