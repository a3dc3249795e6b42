import Encoding
import OCPI

/// Prints the progress of the scenario: as text, coloured or plain, or as one JSON object per line.
package struct DemoReport: Sendable {
    private let options: DemoOptions
    private let output: @Sendable (String) -> Void
    private static let width = 110

    /// - Parameters:
    ///   - options: the output format.
    ///   - output: receives lines without line feed, in order.
    package init(_ options: DemoOptions, output: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.output = output
    }

    // MARK: Start

    /// Reports an activity during the start.
    package func starting(_ text: String) {
        if options.json {
            event("start", [("text", .string(text))])
        } else {
            output(paint(text, .dim))
        }
    }

    /// Reports the operators and their parties, once everything runs.
    package func opening(_ sides: [OperatorSide]) {
        if options.json {
            for side in sides { event("node", side.members) }
            return
        }
        output("")
        output(paint("The Open Charging Network in one process: two operators, each with a node and a Kafka of its own", .bold))
        output("")
        for line in OperatorSide.picture(sides) { output("  " + line) }
        output("")
    }

    // MARK: Steps

    /// Reports the start of a step.
    package func began(_ step: Step) {
        guard !options.json else { return }
        output("")
        output("\(paint("\(step.rawValue)", .cyan))  \(paint(step.title, .bold)): \(step.summary)")
    }

    /// Reports an event other than a request.
    package func note(_ step: Step, _ text: String) {
        if options.json {
            event("note", [("step", .int(step.rawValue)), ("text", .string(text))])
        } else {
            output("   \(text)")
        }
    }

    /// Reports a routed request or a copy.
    package func route(_ step: Step, _ exchange: ChargingExchange) {
        if options.json {
            event("hop", [("step", .int(step.rawValue))] + exchange.members)
            return
        }
        let arrow = exchange.isCopy ? "⇢" : "→"
        let parties = "\(exchange.from) \(arrow) \(exchange.to)"
        let call = "\(exchange.method.rawValue.padded(to: 5)) \(exchange.shortPath)\(exchange.isCopy ? " (copy)" : "")"
        let status = paint("\(exchange.status)", exchange.status < 300 ? .green : .red)
        output("   \(parties)  \(call.padded(to: 58)) \(status) \(Self.decimal(exchange.milliseconds).leftPadded(to: 8)) ms")
        for line in Self.wrapped(exchange.stations.map { "\($0.place) +\($0.milliseconds)" }, separator: "→", width: Self.width - 6) {
            output(paint("      \(line)", .dim))
        }
    }

    /// Reports the success of a step.
    package func ended(_ step: Step, seconds: Double, outcome: String) {
        if options.json {
            event(
                "step",
                [
                    ("step", .int(step.rawValue)), ("title", .string(step.title)), ("ok", true), ("seconds", Self.number(seconds)),
                    ("outcome", .string(outcome)),
                ])
        } else {
            output("   \(paint("✓", .green)) \(outcome)")
        }
    }

    /// Reports a failure; the summary follows.
    package func failed(_ failure: DemoFailure) {
        if options.json {
            event("failure", [("step", .int(failure.step)), ("reason", .string(failure.reason))])
        } else {
            output("   \(paint("✗", .red)) \(failure.reason)")
        }
    }

    // MARK: End

    /// Reports the table of steps and the result.
    package func summary(_ result: DemoResult, outcomes: [Int: StepOutcome]) {
        if options.json {
            let steps = Step.allCases.map { JSONMember(name: "\($0.rawValue)", value: .bool(result.steps[$0.rawValue] ?? false)) }
            event(
                "summary",
                [
                    ("ok", .bool(result.ok)), ("steps", .object(steps)),
                    ("copies_without_permission", .int(result.copiesWithoutPermission)), ("seconds", Self.number(result.seconds)),
                ])
            return
        }
        output("")
        output(paint("   step                   held    time  outcome", .bold))
        for step in Step.allCases {
            let held = result.steps[step.rawValue] ?? false
            let mark = held ? paint("yes ", .green) : paint("no  ", .red)
            let outcome = outcomes[step.rawValue]
            let time = (outcome.map { "\(Self.decimal($0.seconds)) s" } ?? "").leftPadded(to: 7)
            output("   \(step.rawValue)  \(step.title.padded(to: 20))\(mark) \(time)  \(outcome?.text ?? "not reached")")
        }
        output("")
        let count = "copies without permission: \(result.copiesWithoutPermission)"
        let time = "\(Self.decimal(result.seconds)) s"
        if result.ok {
            output(paint("The billing scenario holds: all 8 steps, \(count), \(time).", .green))
        } else {
            output(paint("The billing scenario does not hold: \(result.reason ?? "see above") (\(count), \(time)).", .red))
        }
    }

    /// Reports what can be called while everything keeps running.
    package func running(_ guide: RunningGuide) {
        if options.json {
            event("running", guide.members)
            return
        }
        output("")
        for line in guide.lines { output(line.isHeading ? paint(line.text, .bold) : line.text) }
    }

    // MARK: Format

    private enum Paint: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case cyan = "1;36"
    }

    private func paint(_ text: String, _ paint: Paint) -> String {
        options.color && !options.json ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
    }

    private func event(_ name: String, _ members: [(String, JSONValue)]) {
        let all = [("event", JSONValue.string(name))] + members
        output(JSONValue.object(all.map { JSONMember(name: $0.0, value: $0.1) }).text)
    }

    /// One decimal, like `7.4`.
    static func decimal(_ value: Double) -> String {
        let tenths = Int(exactly: (value * 10).rounded()) ?? 0
        return Decimal.text(tenths, places: 1)
    }

    static func number(_ value: Double) -> JSONValue { .number(decimal(value)) }

    /// Joins parts into lines of at most `width` characters, where a part is never broken and a line never ends with the separator.
    static func wrapped(_ parts: [String], separator: String, width: Int) -> [String] {
        var lines: [String] = []
        for part in parts {
            guard let line = lines.popLast() else {
                lines.append(part)
                continue
            }
            let longer = "\(line) \(separator) \(part)"
            lines += longer.count <= width ? [longer] : [line, "\(separator) \(part)"]
        }
        return lines
    }
}

extension ChargingExchange {
    fileprivate var members: [(String, JSONValue)] {
        [
            ("kind", .string(isCopy ? "copy" : "exchange")), ("from", .string(from.description)), ("to", .string(to.description)),
            ("method", .string(method.rawValue)), ("path", .string(shortPath)), ("status", .int(status)),
            ("ms", DemoReport.number(milliseconds)), ("stations", .array(stations.map(\.object))),
        ]
    }
}

extension Station {
    fileprivate var object: JSONValue {
        guard let crossing else { return ["at": .string(place), "ms": .int(milliseconds)] }
        return [
            "at": "node \(crossing.node + 1)", "topic": .string(crossing.topic), "partition": .int(crossing.partition),
            "offset": .int(crossing.offset), "ms": .int(milliseconds),
        ]
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
