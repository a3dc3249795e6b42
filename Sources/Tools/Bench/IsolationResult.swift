import Encoding

/// The result of ``Isolation``.
package struct IsolationResult: Sendable {
    /// One round.
    struct Round: Sendable {
        let hangs: Bool
        let figures: [RoundResults.Kind: Figures]
        /// The largest number of open calls at one unresponsive recipient.
        let mostOpen: [RoundResults.Kind: Int]
        /// Number of copies that did not arrive in time after all recipients answered again.
        let missing: Int
    }

    let options: IsolationOptions
    /// The node's configured maximum of running calls of each kind per recipient.
    let limit: Int
    let cores: Int
    let rounds: [Round]
    /// Descriptions of processes that ended unexpectedly.
    let crashes: [String]

    /// Whether other recipients were not affected, the limit per recipient held, and the test was effective.
    package var isOK: Bool { notOKBecause.isEmpty }

    /// The reasons against it; empty if there are none.
    package var notOKBecause: [String] {
        let saturated = isSaturated ? ["saturated: less than 95 % of what was offered came through without an unresponsive recipient"] : []
        let kinds = RoundResults.Kind.allCases.flatMap { kind in
            comparison(kind).objections.map { "\(kind.rawValue): \($0)" }
                + objections(toOpen: mostOpen(kind)).map { "\(kind.rawValue): \($0)" }
        }
        return saturated + kinds + crashes
    }

    private func objections(toOpen most: Int) -> [String] {
        if most > limit { return ["an unresponsive recipient had \(most) calls, more than \(limit)"] }
        return most < 1 ? ["no unresponsive recipient was called: nothing was tested"] : []
    }

    /// Whether this machine did not carry the load even without unresponsive recipients, so that there is nothing to compare.
    var isSaturated: Bool {
        let offered = Double(options.rate) * Double(options.recipients - options.hanging) / Double(max(1, options.recipients))
        return RoundResults.Kind.allCases.contains { Comparison.median(.perSecond, of: comparison($0).without) < 0.95 * offered }
    }

    func comparison(_ kind: RoundResults.Kind) -> Comparison {
        func figures(_ hangs: Bool) -> [Figures] { rounds.filter { $0.hangs == hangs }.compactMap { $0.figures[kind] } }
        return Comparison(without: figures(false), with: figures(true))
    }

    func mostOpen(_ kind: RoundResults.Kind) -> Int { rounds.compactMap { $0.mostOpen[kind] }.max() ?? 0 }

    private var kafka: String { options.brokers == nil ? "single local in-memory broker" : "brokers \(options.brokers ?? "")" }

    private static var build: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    // MARK: JSON

    /// The result as one JSON object; times in milliseconds.
    package var json: String {
        var members: [JSONMember] = [
            .init(name: "benchmark", value: "isolation"), .init(name: "kafka", value: .string(kafka)),
            .init(name: "build", value: .string(Self.build)), .init(name: "cores", value: .int(cores)),
            .init(name: "rate", value: .int(options.rate)), .init(name: "seconds", value: .int(options.seconds)),
            .init(name: "warm_up_seconds", value: .int(options.warmUp)), .init(name: "recipients", value: .int(options.recipients)),
            .init(name: "hanging", value: .int(options.hanging)), .init(name: "tolerance", value: Self.number(Comparison.tolerance)),
        ]
        members.append(.init(name: "saturated", value: .bool(isSaturated)))
        for kind in RoundResults.Kind.allCases { members.append(.init(name: kind.rawValue, value: json(of: kind))) }
        let rounds = rounds.map { round in
            JSONValue.object(
                [
                    .init(name: "hanging", value: .int(round.hangs ? options.hanging : 0)),
                    .init(name: "missing", value: .int(round.missing)),
                ] + RoundResults.Kind.allCases.map { .init(name: $0.rawValue, value: Self.json(of: round.figures[$0] ?? Figures())) })
        }
        members.append(.init(name: "rounds", value: .array(rounds)))
        members.append(.init(name: "crashes", value: .int(crashes.count)))
        members.append(.init(name: "ok", value: .bool(isOK)))
        members.append(.init(name: "not_ok_because", value: .array(notOKBecause.map(JSONValue.string))))
        return JSONValue.object(members).text
    }

    private func json(of kind: RoundResults.Kind) -> JSONValue {
        let comparison = comparison(kind)
        func values(_ value: (Figures.Measure) -> Double?) -> JSONValue {
            .object(
                Figures.Measure.allCases.map { measure in
                    JSONMember(name: measure.rawValue, value: value(measure).map(Self.number) ?? .null)
                })
        }
        return .object([
            .init(name: "without", value: values { Comparison.median($0, of: comparison.without) }),
            .init(name: "with", value: values { Comparison.median($0, of: comparison.with) }),
            .init(name: "ratio", value: values(comparison.ratio)),
            .init(name: "spread_without", value: values { Comparison.spread($0, of: comparison.without) }),
            .init(name: "spread_with", value: values { Comparison.spread($0, of: comparison.with) }),
            .init(name: "failed_without", value: .int(comparison.without.reduce(0) { $0 + $1.failed })),
            .init(name: "failed_with", value: .int(comparison.with.reduce(0) { $0 + $1.failed })),
            .init(name: "in_flight_limit", value: .int(limit)), .init(name: "most_in_flight", value: .int(mostOpen(kind))),
            .init(name: "ok", value: .bool(comparison.isWithinTolerance)),
        ])
    }

    private static func json(of figures: Figures) -> JSONValue {
        .object(
            Figures.Measure.allCases.map { JSONMember(name: $0.rawValue, value: number(figures[$0])) } + [
                .init(name: "count", value: .int(figures.count)), .init(name: "failed", value: .int(figures.failed)),
            ])
    }

    private static func number(_ value: Double) -> JSONValue { .number(decimal(value, digits: 3)) }

    // MARK: Text

    /// The result as text.
    package var lines: [String] {
        let others = options.recipients - options.hanging
        var lines = [
            "\(options.hanging) of \(options.recipients) recipients takes connections and never answers: what the other \(others) see",
            "\(kafka), \(Self.build) build, \(cores) cores, \(options.rate) requests/s, medians of \(options.rounds) rounds of"
                + " \(options.seconds) s each", "",
        ]
        var rows = [["", "without", "with", "ratio", "spread without, with"]]
        for kind in RoundResults.Kind.allCases {
            rows.append([kind == .exchange ? "request to its answer" : "request to its copy"])
            rows += Figures.Measure.allCases.map { row($0, comparison(kind)) }
        }
        lines += Self.table(rows)
        lines.append("")
        for kind in RoundResults.Kind.allCases {
            let what = kind == .exchange ? "calls" : "copies"
            lines.append("\(what) running at one unresponsive recipient: at most \(mostOpen(kind)), limit \(limit)")
            let failed = (comparison(kind).without + comparison(kind).with).reduce(0) { $0 + $1.failed }
            if failed > 0 { lines.append("\(what) of the other recipients that failed or never came: \(failed)") }
        }
        if RoundResults.Kind.allCases.contains(where: { comparison($0).isNoisy }) {
            lines.append(
                "rounds of the same kind differ among themselves by more than \(Self.decimal(Comparison.tolerance * 100, digits: 0)) % at p99:"
                    + " the machine has other load, or more --seconds and --rounds are needed")
        }
        if isSaturated { lines.append("saturated: try a lower --rate") }
        return lines + [isOK ? "ok" : "NOT OK: \(notOKBecause.joined(separator: "; "))"]
    }

    private func row(_ measure: Figures.Measure, _ comparison: Comparison) -> [String] {
        let isTime = measure != .perSecond
        func value(_ rounds: [Figures]) -> String {
            Self.decimal(Comparison.median(measure, of: rounds), digits: 1) + (isTime ? " ms" : " /s")
        }
        func spread(_ rounds: [Figures]) -> String { Self.decimal(Comparison.spread(measure, of: rounds) * 100, digits: 0) + " %" }
        return [
            "  " + (isTime ? measure.rawValue : "throughput"), value(comparison.without), value(comparison.with),
            comparison.ratio(measure).map { Self.decimal($0, digits: 2) } ?? "-",
            "\(spread(comparison.without)), \(spread(comparison.with))",
        ]
    }

    /// Formats a table with the first column left-aligned and the others right-aligned.
    private static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let blank = String(repeating: " ", count: column < row.count - 1 || column > 0 ? widths[column] - text.count : 0)
                return column == 0 ? text + blank : blank + text
            }.joined(separator: "  ")
        }
    }

    /// A decimal number like `12.340`, of the size of times and rates.
    static func decimal(_ value: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        guard let scaled = Int(exactly: (abs(value) * Double(scale)).rounded()) else { return "0" }
        let rest = String(scaled % scale)
        let text = "\(scaled / scale)" + (digits > 0 ? "." + String(repeating: "0", count: digits - rest.count) + rest : "")
        return value < 0 && scaled > 0 ? "-" + text : text
    }
}
