import Values

/// Times as Camunda 7 writes them: `2015-10-06T16:34:42.000+0200`. Its Java client reads no other form, `Z` least of all.
enum CamundaTime {
    static func text(_ time: Timestamp) -> String {
        time.iso8601.dropLast() + "+0000"
    }

    /// A time in Camunda's form or in ISO 8601, as ISO 8601; nil for anything else.
    static func iso8601(_ text: String) -> String? {
        var candidate = text
        if let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }), let start = text.firstIndex(of: "T"),
            sign > start, text.distance(from: sign, to: text.endIndex) == 5
        {
            candidate.insert(":", at: text.index(text.endIndex, offsetBy: -2))
        }
        return Timestamp(iso8601: candidate) == nil ? nil : candidate
    }
}
