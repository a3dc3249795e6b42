/// Converts decimal text to and from scaled integers, so that no amount is represented as a binary fraction.
enum Decimal {
    /// The value of plain decimal text times 10^`places`, digits beyond that rounded half away from zero.
    /// Nil for anything but an optional sign, digits and an optional fraction, and for what `Int` cannot hold.
    static func scaled(_ text: String, places: Int) -> Int? {
        var digits = Substring(text)
        let negative = digits.first == "-"
        if negative { digits = digits.dropFirst() }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, isDigits(whole), parts.count == 1 || isDigits(parts[1]) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        let kept = fraction.prefix(places)
        let padded = String(whole) + kept + String(repeating: "0", count: places - kept.count)
        guard let magnitude = Int(padded) else { return nil }
        let roundsUp = (fraction.dropFirst(places).first ?? "0") >= "5"
        let (value, overflow) = magnitude.addingReportingOverflow(roundsUp ? 1 : 0)
        guard !overflow else { return nil }
        return negative ? -value : value
    }

    /// A scaled integer as decimal text with exactly `places` fraction digits.
    static func text(_ value: Int, places: Int) -> String {
        let digits = String(value.magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let point = padded.index(padded.endIndex, offsetBy: -places)
        let fraction = places > 0 ? "." + padded[point...] : ""
        return (value < 0 ? "-" : "") + padded[..<point] + fraction
    }

    /// a · b / c, rounded half away from zero; nil if it does not fit or c is not positive.
    static func ratio(_ a: Int, _ b: Int, over c: Int) -> Int? {
        guard c > 0 else { return nil }
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        guard !overflow else { return nil }
        let magnitude = product.magnitude
        let rounded = magnitude / UInt(c) + (magnitude % UInt(c) >= (UInt(c) + 1) / 2 ? 1 : 0)
        return Int(exactly: rounded).map { product < 0 ? -$0 : $0 }
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
