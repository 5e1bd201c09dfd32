/// A decimal number of up to 34 significant digits, as IEEE 754-2008's decimal128.
package struct Decimal128: Sendable, Hashable, Comparable {
    package enum RoundingMode: String, Sendable, Hashable, CaseIterable {
        case up, down, ceiling, floor, halfUp, halfDown, halfEven
    }
    var coefficient: Int128
    var exponent: Int32
    package static let zero = Decimal128(0)
    package static let one = Decimal128(1)
    package init(_ int: Int) { coefficient = Int128(int); exponent = 0 }
    package init?(_ text: some StringProtocol) { return nil }
    package init?(exactly double: Double) { return nil }
    package init?(approximating double: Double) { return nil }
    package func adding(_ other: Decimal128) -> Decimal128? { nil }
    package func subtracting(_ other: Decimal128) -> Decimal128? { nil }
    package func multiplying(by other: Decimal128) -> Decimal128? { nil }
    package func dividing(by other: Decimal128) -> Decimal128? { nil }
    /// Sign of the dividend.
    package func remainder(dividingBy other: Decimal128) -> Decimal128? { nil }
    /// Sign of the divisor, as FEEL's modulo.
    package func modulo(_ other: Decimal128) -> Decimal128? { nil }
    package func power(_ exponent: Decimal128) -> Decimal128? { nil }
    package func squareRoot() -> Decimal128? { nil }
    package func naturalLogarithm() -> Decimal128? { nil }
    package func exponential() -> Decimal128? { nil }
    package var negated: Decimal128 { self }
    package var magnitude: Decimal128 { self }
    package var isNegative: Bool { coefficient < 0 }
    package var isZero: Bool { coefficient == 0 }
    package var isInteger: Bool { true }
    package var floor: Decimal128 { self }
    package var ceiling: Decimal128 { self }
    package func rounded(scale: Int, mode: RoundingMode = .halfEven) -> Decimal128? { nil }
    package var intValue: Int? { nil }
    package var doubleValue: Double { 0 }
    package static func < (left: Decimal128, right: Decimal128) -> Bool { false }
}
extension Decimal128: CustomStringConvertible {
    package var description: String { "" }
}
