import Encoding
import OCPI

/// The result of a run.
package struct FuzzResult: Sendable {
    /// The seed, to repeat the run.
    package let seed: UInt64
    /// How long inputs were sent, seconds.
    package let seconds: Int
    /// Number of inputs by surface.
    package let cases: [Surface: Int]
    /// Number of oversized inputs, with which every run begins.
    package let oversized: Int
    /// Number of these that became dead letters.
    package let deadLetters: Int
    /// Number of successful control exchanges, with their copies.
    package let controls: Int
    /// Number of answers by HTTP status.
    package let answers: [Int: Int]
    /// The resources that the node used; nil if its process ended.
    let growth: Growth?
    /// The faults, the first of each kind.
    package let findings: [FuzzFinding]
    /// Total number of faults.
    package let findingCount: Int

    /// Whether no fault was found and at least one input was sent.
    package var isOK: Bool { findingCount == 0 && oversized + cases.values.reduce(0, +) > 0 }

    /// The result as one JSON object.
    package var json: String {
        func footprint(_ footprint: Footprint?) -> JSONValue? {
            footprint.map { ["memory_bytes": .int($0.memory), "descriptors": .int($0.descriptors)] }
        }
        return JSONValue.object([
            "ok": .bool(isOK), "seed": .number(String(seed)), "seconds": .int(seconds),
            "cases": .object(Surface.allCases.map { JSONMember(name: $0.rawValue, value: .int(cases[$0] ?? 0)) }),
            "oversized": .int(oversized), "dead_letters": .int(deadLetters), "controls": .int(controls),
            "answers": .object(answers.sorted { $0.key < $1.key }.map { JSONMember(name: String($0.key), value: .int($0.value)) }),
            "at_start": footprint(growth?.start), "after_warm_up": footprint(growth?.warm), "at_end": footprint(growth?.end),
            "finding_count": .int(findingCount),
            "findings": .array(
                findings.map {
                    .object([
                        "what": .string($0.what), "surface": $0.surface.map { .string($0.rawValue) }, "case": $0.number.map { .int($0) },
                        "kind": .string($0.kind), "input": .string($0.input),
                    ])
                }),
        ]).text
    }

    /// The result as text.
    package var lines: [String] {
        func footprint(_ footprint: Footprint?) -> String {
            footprint.map { "\($0.memory / 1_048_576) MiB, \($0.descriptors) descriptors" } ?? "unknown"
        }
        let rows: [(String, String)] =
            Surface.allCases.map { ("cases, \($0.rawValue)", "\(cases[$0] ?? 0)") } + [
                ("oversized inputs", "\(oversized) (\(deadLetters) became dead letters)"), ("control exchanges", "\(controls)"),
                ("answers", answers.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")),
                ("the node at the start", footprint(growth?.start)), ("after the warm-up", footprint(growth?.warm)),
                ("at the end", footprint(growth?.end)), ("seed", "\(seed)"),
            ]
        let width = rows.map(\.0.count).max() ?? 0
        let table = rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
        let conclusion = isOK ? "ok" : findingCount == 0 ? "NOT OK: nothing was tried" : "NOT OK: \(findingCount) findings"
        return table + findings.map { "found: \($0.line(seed: seed))" } + [conclusion]
    }
}
