import NIOCore

/// The pieces of Prometheus' text exposition format 0.0.4.
enum MetricText {
    /// A metric name: `ocn.requests` becomes `ocn_requests`. The suffix is added unless the name already ends with it.
    static func name(_ label: String, suffix: String) -> String {
        let name = identifier(label, colonAllowed: true)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// Dimensions as `name="value",…`, sorted by name so that their order at the call does not make another series. The first of two equal
    /// names wins.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        var pairs: [(name: String, value: String)] = []
        for (name, value) in dimensions {
            let name = identifier(name, colonAllowed: false)
            // `le` is reserved for histograms.
            let label = name == "le" ? "le_" : name
            if !pairs.contains(where: { $0.name == label }) { pairs.append((label, value)) }
        }
        pairs.sort { $0.name < $1.name }
        return pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
    }

    /// A value in Prometheus' syntax: whole numbers without a fraction; `NaN`, `+Inf`, `-Inf`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    static func writeHead(_ name: String, type: String, help: String, into buffer: inout ByteBuffer) {
        buffer.writeString("# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(type)\n")
    }

    static func writeSample(_ name: String, labels: String, value: String, into buffer: inout ByteBuffer) {
        buffer.writeString(labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n")
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Replaces every character but ASCII letters, digits and `_` by `_`, and puts one before a leading digit.
    private static func identifier(_ text: String, colonAllowed: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case ":" where colonAllowed: result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}
