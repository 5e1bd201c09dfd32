import Testing
import Values

/// Cases computed with CPython's `decimal` (34 digits, exponents of decimal128, half to even), which follows the General
/// Decimal Arithmetic specification: operands near ties, near the ends of the range, far apart.
struct Decimal128ReferenceTests {
    private struct UnknownOperator: Error {}

    @Test(arguments: decimal128ReferenceCases.split(separator: "\n").map(String.init))
    func `agrees with the reference`(line: String) throws {
        let words = line.split(separator: " ")
        try #require(words.count == 5 && words[3] == "=", "\(line)")
        let (left, right) = (try #require(Decimal128(words[0])), try #require(Decimal128(words[2])))
        let expected = Decimal128(words[4])
        let result: Decimal128? =
            switch words[1] {
            case "+": left.adding(right)
            case "-": left.subtracting(right)
            case "*": left.multiplying(by: right)
            case "/": left.dividing(by: right)
            case "%": left.remainder(dividingBy: right)
            case "<": left < right ? .one : .zero
            case "sqrt": left.squareRoot()
            default: throw UnknownOperator()
            }
        #expect(result == expected)
    }
}
