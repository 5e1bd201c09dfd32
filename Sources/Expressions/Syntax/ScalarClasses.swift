extension Unicode.Scalar {
    /// FEEL's name start character (grammar rule 28); `?` is the tested value of unary tests.
    var startsFEELName: Bool {
        if isASCII { return properties.isAlphabetic || self == "_" || self == "?" }
        switch value {
        case 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF, 0x200C...0x200D, 0x2070...0x218F,
            0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD, 0x10000...0xEFFFF:
            return !isFEELSpace
        default: return false
        }
    }

    /// Grammar rule 29.
    var continuesFEELName: Bool {
        startsFEELName || isDigit || value == 0xB7 || (0x300...0x36F).contains(value)
            || (0x203F...0x2040).contains(value)
    }

    var isDigit: Bool { value >= 0x30 && value <= 0x39 }

    var hexDigit: UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46: value - 0x41 + 10
        case 0x61...0x66: value - 0x61 + 10
        default: nil
        }
    }

    var isFEELSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x180E, 0x2000...0x200B, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
            0xFEFF:
            true
        default: false
        }
    }
}
