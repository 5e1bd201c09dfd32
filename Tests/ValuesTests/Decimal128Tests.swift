import Testing
import Values

private func decimal(_ text: String) throws -> Decimal128 {
    try #require(Decimal128(text), "\(text)")
}

struct Decimal128TextTests {
    @Test(arguments: [
        ("0", "0"), ("-0.00", "0"), ("007", "7"), ("1.50", "1.5"), ("-1.50", "-1.5"), (".5", "0.5"), ("+3", "3"),
        ("100e-2", "1"),
        ("1e3", "1000"), ("1.2E+2", "120"), ("0.000001", "0.000001"),
        ("1e-40", "0." + String(repeating: "0", count: 39) + "1"), ("1e-42", "1e-42"),
        ("1e39", "1" + String(repeating: "0", count: 39)), ("1e40", "1e+40"), ("-12.5e100", "-1.25e+101"),
        ("9.5e6144", "9.5e+6144"),
        ("1234567890123456789012345678901234", "1234567890123456789012345678901234"),
        ("12345678901234567890123456789012345", "12345678901234567890123456789012340"),
        ("12345678901234567890123456789012335", "12345678901234567890123456789012340"),
        ("123456789012345678901234567890123350000000000000000000001e-21", "123456789012345678901234567890123400"),
        ("1234567890123456789012345678901234.5000000000000000000001", "1234567890123456789012345678901235"),
        ("9999999999999999999999999999999999.5", "10000000000000000000000000000000000"), ("1e-6176", "1e-6176"),
        ("6e-6177", "1e-6176"),
        ("5e-6177", "0"), ("1e-99999", "0"), ("0e99999", "0"),
    ])
    func `reads and writes`(text: String, written: String) throws {
        #expect(try decimal(text).description == written)
        #expect(try decimal(written) == decimal(text))
    }

    @Test(arguments: [
        "", "-", "+", ".", "1.", "1.e3", "e3", "1e", "1e+", "1 ", " 1", "1.2.3", "0x1", "NaN", "inf", "1,5", "١", "--1",
        "1e6145", "10e6144",
    ])
    func `refuses`(text: String) {
        #expect(Decimal128(text) == nil)
    }

    @Test func `one number has one representation`() throws {
        #expect(try decimal("1.0") == decimal("100e-2"))
        #expect(try decimal("1.0").hashValue == Decimal128(1).hashValue)
        #expect(try decimal("1e34") == decimal("0.1e35"))
        #expect(try decimal("1e34").hashValue == decimal("10000000000000000000000000000000000").hashValue)
    }

    @Test(arguments: [0.1, -2.5, 1e300, .leastNonzeroMagnitude, 123456.789, 0x1p53, 1e-7, .greatestFiniteMagnitude])
    func `a double survives`(double: Double) throws {
        let number = try #require(Decimal128(approximating: double))
        #expect(number.doubleValue == double)
    }

    @Test func `the exact value of a double`() throws {
        #expect(Decimal128(exactly: 0.5) == (try decimal("0.5")))
        #expect(Decimal128(exactly: -3.0) == -3)
        #expect(Decimal128(exactly: 0.1) == nil)
        #expect(Decimal128(exactly: 0x1p-40) == (try decimal("9.094947017729282379150390625e-13")))
        #expect(Decimal128(exactly: 1e300) == nil)
        #expect(Decimal128(exactly: .nan) == nil)
        #expect(Decimal128(approximating: .infinity) == nil)
        #expect(try decimal("1e400").doubleValue == .infinity)
        #expect(try decimal("1e-400").doubleValue == 0)
    }

    @Test func `is an int if it is whole and fits`() throws {
        #expect(try decimal("9223372036854775807").intValue == .max)
        #expect(try decimal("9223372036854775808").intValue == nil)
        #expect(try decimal("1.5").intValue == nil)
        #expect(try decimal("15e1").intValue == 150)
        #expect(try decimal("1e50").isInteger)
        #expect(try !decimal("1.5").isInteger)
    }
}

struct Decimal128ArithmeticTests {
    @Test(arguments: [
        ("1", "2", "3"), ("0.1", "0.2", "0.3"), ("1", "-1", "0"), ("9999999999999999999999999999999999", "1", "1e34"),
        ("1e40", "1e-40", "1e40"),
        ("1e37", "9999999999999999999999999999999999", "10009999999999999999999999999999999999"),
        ("1e33", "0.5", "1e33"), ("1e33", "-0.5", "999999999999999999999999999999999.5"),
        ("1000000000000000000000000000000001", "0.5", "1000000000000000000000000000000002"),
        ("1e34", "-0.5", "1e34"), ("1e34", "-0.6", "9999999999999999999999999999999999"),
        ("1", "1e-33", "1.000000000000000000000000000000001"),
        ("1e6111", "-1e-6176", "1e6111"), ("1", "1e-34", "1"), ("1", "-1e-34", "0.9999999999999999999999999999999999"),
        ("1e34", "5.000001", "10000000000000000000000000000000010"), ("1e34", "5", "1e34"), ("1e70", "9e35", "1e70"),
    ])
    func `adds and subtracts`(left: String, right: String, sum: String) throws {
        let (left, right) = (try decimal(left), try decimal(right))
        #expect(try left.adding(right) == decimal(sum))
        #expect(try right.adding(left) == decimal(sum))
        #expect(try left.subtracting(right.negated) == decimal(sum))
    }

    @Test(arguments: [
        ("10", "3", "1", "1"), ("-10", "3", "-1", "2"), ("10", "-3", "1", "-2"), ("-10", "-3", "-1", "-1"),
        ("10.1", "4.5", "1.1", "1.1"),
        ("1e6000", "7", "1", "1"), ("1e-6000", "7", "1e-6000", "1e-6000"), ("6", "3", "0", "0"), ("0", "5", "0", "0"),
    ])
    func `remainder has the sign of the dividend, modulo that of the divisor`(
        left: String, right: String, remainder: String, modulo: String
    ) throws {
        let (left, right) = (try decimal(left), try decimal(right))
        #expect(try left.remainder(dividingBy: right) == decimal(remainder))
        #expect(try left.modulo(right) == decimal(modulo))
    }

    @Test func `dividing by zero and exceeding the range is nil`() throws {
        #expect(Decimal128(1).dividing(by: 0) == nil)
        #expect(Decimal128(1).remainder(dividingBy: 0) == nil)
        #expect(Decimal128(1).modulo(0) == nil)
        let greatest = Decimal128.greatestFiniteMagnitude
        #expect(greatest.adding(greatest) == nil)
        #expect(greatest.multiplying(by: -10) == nil)
        #expect(try greatest.dividing(by: decimal("0.1")) == nil)
        #expect(greatest.rounded(scale: -6144, mode: .up) == nil)
        #expect(try greatest.adding(decimal("1e6110")) == greatest)
    }

    @Test(arguments: [
        (Decimal128.RoundingMode.up, ["3", "3", "3", "2", "-2", "-3", "-3"]),
        (.down, ["2", "2", "2", "1", "-1", "-2", "-2"]),
        (.ceiling, ["3", "3", "3", "2", "-1", "-2", "-2"]), (.floor, ["2", "2", "2", "1", "-2", "-3", "-3"]),
        (.halfUp, ["2", "3", "3", "2", "-2", "-3", "-3"]), (.halfDown, ["2", "2", "3", "1", "-1", "-2", "-3"]),
        (.halfEven, ["2", "2", "3", "2", "-2", "-2", "-3"]),
    ])
    func `rounds`(mode: Decimal128.RoundingMode, expected: [String]) throws {
        let numbers = ["2.4", "2.5", "2.6", "1.5", "-1.5", "-2.5", "-2.6"]
        for (number, expected) in zip(numbers, expected) {
            #expect(try decimal(number).rounded(scale: 0, mode: mode) == decimal(expected), "\(number)")
            #expect(try decimal(number + "e-7").rounded(scale: 7, mode: mode) == decimal(expected + "e-7"), "\(number)")
            #expect(try decimal(number + "e2").rounded(scale: -2, mode: mode) == decimal(expected + "e2"), "\(number)")
        }
        #expect(try decimal("1.25").rounded(scale: 5, mode: mode) == decimal("1.25"))
        #expect(try decimal("1.25").rounded(scale: .min, mode: .down) == 0)
        #expect(try decimal("1.25").rounded(scale: .max, mode: mode) == decimal("1.25"))
    }

    @Test func `floor and ceiling`() throws {
        #expect(try (decimal("1.5").floor, decimal("1.5").ceiling) == (1, 2))
        #expect(try (decimal("-1.5").floor, decimal("-1.5").ceiling) == (-2, -1))
        #expect(try (decimal("1e-6000").floor, decimal("-1e-6000").floor) == (0, -1))
        #expect(try (decimal("7").floor, decimal("1e50").ceiling) == (7, decimal("1e50")))
    }

    @Test(arguments: [
        ("2", "10", "1024"), ("2", "-2", "0.25"), ("-2", "3", "-8"), ("0", "0", "1"), ("0", "3", "0"),
        ("4", "0.5", "2"), ("4", "1.5", "8"),
        ("4", "-0.5", "0.5"), ("2", "0.25", "1.18920711500272106671749997056"),
        ("8", "0.3333333333333333333333333333333333", "2"), ("1", "1e30", "1"), ("0.5", "1e30", "0"),
        ("10", "6144", "1e6144"), ("10", "-6176", "1e-6176"), ("10", "-7000", "0"), ("-1", "9223372036854775808", "1"),
        ("0", "0.3", "0"),
    ])
    func `powers`(base: String, exponent: String, power: String) throws {
        #expect(try decimal(base).power(decimal(exponent)) == decimal(power))
    }

    @Test func `has no power that is too large, or not real`() throws {
        #expect(Decimal128(10).power(6145) == nil)
        #expect(Decimal128(0).power(-1) == nil)
        #expect(try Decimal128(-8).power(decimal("0.3")) == nil)
        #expect(try Decimal128(-4).power(decimal("0.5")) == nil)
        #expect(try Decimal128(2).power(decimal("1e30")) == nil)
        #expect(Decimal128(-1).squareRoot() == nil)
        #expect(Decimal128(0).naturalLogarithm() == nil)
        #expect(Decimal128(15_000).exponential() == nil)
        #expect(Decimal128(-15_000).exponential() == 0)
    }

    /// Reference values from CPython's `decimal`.
    @Test(arguments: [
        ("1", "0", "2.718281828459045235360287471352662"),
        ("10", "2.302585092994045684017991454684364", "22026.46579480671651695790064528425"),
        ("0.99", "-0.01005033585350144118354885755854771", "2.691234472349262289099879404071014"),
        ("2", "0.6931471805599453094172321214581766", "7.389056098930650227230427460575008"),
        ("123.456", "4.815884817283263883109232105166526", "4.132944352778093449576854412273431e53"),
        ("1e-30", "-69.07755278982137052053974364053093", "1.000000000000000000000000000001"),
    ])
    func `logarithm and exponential are right to about 31 digits`(text: String, logarithm: String, exponential: String)
        throws
    {
        let number = try decimal(text)
        for (result, expected) in [(number.naturalLogarithm(), logarithm), (number.exponential(), exponential)] {
            let (result, expected) = (try #require(result), try decimal(expected))
            let error = try #require(result.subtracting(expected)).magnitude
            #expect(try error <= #require(expected.magnitude.multiplying(by: decimal("1e-31"))), "\(result)")
        }
    }

    @Test func `orders by value`() throws {
        let texts = [
            "-1e6144", "-10", "-9.99", "-1e-6176", "0", "1e-6176", "0.1", "0.11", "9.9", "10", "1e34", "1.1e34",
            "1e6144",
        ]
        let numbers = try texts.map(decimal)
        for (index, left) in numbers.enumerated() {
            for (other, right) in numbers.enumerated() {
                #expect((left < right) == (index < other), "\(left) < \(right)")
            }
        }
    }
}
