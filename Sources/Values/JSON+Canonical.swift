extension JSON {
    /// One text for all texts of one value: no white space, names sorted by UTF-16 code units, strings escaped as little
    /// as possible, numbers in the notation of RFC 8785.
    ///
    /// Unlike RFC 8785 a number is not rounded to a double: all its digits stay.
    package var canonical: JSON {
        var writer = JSONWriter(reservingCapacity: byteCount)
        // Innermost last; each holds what is left to write, reversed.
        var open: [[(name: String?, value: JSON)]] = [[(nil, self)]]
        while let last = open.indices.last {
            guard let (name, json) = open[last].popLast() else {
                open.removeLast()
                if !open.isEmpty { writer.end() }
                continue
            }
            if let name { writer.key(name) }
            if let members = json.members() {
                writer.beginObject()
                open.append(members.sorted { $1.name.utf16.lexicographicallyPrecedes($0.name.utf16) }.map { ($0, $1) })
            } else if let elements = json.elements() {
                writer.beginArray()
                open.append(elements.reversed().map { (nil, $0) })
            } else if let string = json.stringValue {
                writer.string(string)
            } else {
                writer.raw(json.isNumber ? json.canonicalNumber : json)
            }
        }
        return writer.finish()
    }

    /// ECMAScript's notation of a number, for as many digits as there are. An exponent too large to count with leaves the
    /// number as it is.
    private var canonicalNumber: JSON {
        let text = storage.drop { $0 == ASCII.minus }
        let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        let whole = mantissa.prefix { $0 != ASCII.dot }
        let fraction = mantissa.dropFirst(whole.count + 1)
        let digits = whole + fraction
        guard let first = digits.firstIndex(where: { $0 != ASCII.zero }),
            let last = digits.lastIndex(where: { $0 != ASCII.zero })
        else { return .number(0) }

        let exponent = String(decoding: text.dropFirst(mantissa.count + 1), as: UTF8.self)
        // The decimal point stands behind this many significant digits.
        let unscaledPoint = whole.count - (first - digits.startIndex)
        guard let (point, overflow) = (exponent.isEmpty ? 0 : Int(exponent))?.addingReportingOverflow(unscaledPoint),
            !overflow, point != .min
        else { return self }
        let sign = storage.first == ASCII.minus ? [ASCII.minus] : []
        return JSON(trusting: (sign + Self.ecmaScriptNumber(Array(digits[first...last]), point: point))[...])
    }

    /// `digits`, neither starting nor ending with zero, with the decimal point behind the first `point` of them.
    private static func ecmaScriptNumber(_ digits: [UInt8], point: Int) -> [UInt8] {
        if (1...21).contains(point) {
            if point >= digits.count { return digits + [UInt8](repeating: ASCII.zero, count: point - digits.count) }
            return digits[..<point] + [ASCII.dot] + digits[point...]
        }
        if (-5...0).contains(point) {
            return [ASCII.zero, ASCII.dot] + [UInt8](repeating: ASCII.zero, count: -point) + digits
        }
        let fraction = digits.count > 1 ? [ASCII.dot] + digits[1...] : []
        return digits[..<1] + fraction + Array("e\(point > 0 ? "+" : "")\(point - 1)".utf8)
    }
}
