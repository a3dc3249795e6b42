import Testing

@testable import Notary

@Suite struct NumberDialectTests {
    @Test(arguments: [
        ("0", "0", "0"), ("-0", "0", "0"), ("0.0", "0", "0.0"), ("-0.0", "0", "-0.0"), ("0e9", "0", "0.0"),
        ("1", "1", "1"), ("-17", "-17", "-17"), ("1.0", "1", "1.0"), ("20.00", "20", "20.0"), ("100.5", "100.5", "100.5"),
        ("0.1", "0.1", "0.1"), ("1.10", "1.1", "1.1"), ("0.001", "0.001", "0.001"), ("0.0009", "0.0009", "9.0E-4"),
        ("0.000001", "0.000001", "1.0E-6"), ("0.00000012", "1.2e-7", "1.2E-7"), ("1e-7", "1e-7", "1.0E-7"), ("1E3", "1000", "1000.0"),
        ("9999999.0", "9999999", "9999999.0"), ("1e7", "10000000", "1.0E7"), ("12345678.9", "12345678.9", "1.23456789E7"),
        ("123456789012345680000", "123456789012345680000", "123456789012345680000"),
        ("1e20", "100000000000000000000", "1.0E20"), ("1e21", "1e+21", "1.0E21"), ("-1.25e+30", "-1.25e+30", "-1.25E30"),
        ("9007199254740993", "9007199254740992", "9007199254740993"),
        ("123456789012345678901234567890", "1.2345678901234568e+29", "123456789012345678901234567890"),
        ("1.7976931348623157e308", "1.7976931348623157e+308", "1.7976931348623157E308"), ("1e400", "Infinity", "Infinity"),
        ("-1e400", "-Infinity", "-Infinity"), ("1e-400", "0", "0.0"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308", "2.2250738585072014E-308"),
    ])
    func printsLikeTheLanguages(_ literal: String, _ js: String, _ jvm: String) {
        #expect(NumberDialect.js.text(of: literal) == js)
        #expect(NumberDialect.jvm.text(of: literal) == jvm)
    }

    @Test(arguments: [
        ("1", "1"), ("1.0", "1.0"), ("0.1", "0.1"), ("20.123456789", "20.123457"), ("16777217.0", "1.6777216E7"), ("0.0001", "1.0E-4"),
        ("3.4028235e38", "3.4028235E38"), ("1e39", "Infinity"),
    ])
    func floatsHaveSevenDigits(_ literal: String, _ text: String) {
        #expect(NumberDialect.jvmFloat.text(of: literal) == text)
    }

    @Test func literalsThatAreNoNumbersStayUnchanged() {
        for text in ["", "-", "1.2.3", "e", "."] {
            for numbers in NumberDialect.allCases { #expect(numbers.text(of: text) == text) }
        }
    }

    @Test func everyTextReadsBackAsTheSameNumber() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            let number = Double(bitPattern: generator.next())
            guard number.isFinite, number != 0 else { continue }
            #expect(Double(NumberDialect.js.text(of: number.description)) == number, "bits \(number.bitPattern)")
            #expect(Double(NumberDialect.jvm.text(of: number.description)) == number, "bits \(number.bitPattern)")
        }
    }
}
