import Encoding
import OCPI

/// What came out of a run.
package struct FuzzResult: Sendable {
    /// What the run can be repeated with.
    package let seed: UInt64
    /// How long inputs were sent.
    package let seconds: Int
    /// Inputs that were sent, of each surface.
    package let cases: [Surface: Int]
    /// Inputs that were longer than anything may be, with which every run begins.
    package let oversized: Int
    /// Of those, records that ended as a dead letter.
    package let deadLetters: Int
    /// Honest exchanges in between that went well, with their copies.
    package let controls: Int
    /// Answers by their HTTP status.
    package let answers: [Int: Int]
    /// What the node held; nil if its process ended.
    let growth: Growth?
    /// What must not happen, the first of each kind.
    package let findings: [FuzzFinding]
    /// How many there were.
    package let findingCount: Int

    /// Whether nothing was found, and something was tried.
    package var isOK: Bool { findingCount == 0 && oversized + cases.values.reduce(0, +) > 0 }

    /// One JSON object.
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

    /// For people.
    package var lines: [String] {
        func footprint(_ footprint: Footprint?) -> String {
            footprint.map { "\($0.memory / 1_048_576) MiB, \($0.descriptors) descriptors" } ?? "unknown"
        }
        let rows: [(String, String)] =
            Surface.allCases.map { ("cases, \($0.rawValue)", "\(cases[$0] ?? 0)") } + [
                ("oversized inputs", "\(oversized) (\(deadLetters) became dead letters)"), ("good exchanges in between", "\(controls)"),
                ("answers", answers.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")),
                ("the node at the start", footprint(growth?.start)), ("after the warm-up", footprint(growth?.warm)),
                ("at the end", footprint(growth?.end)), ("seed", "\(seed)"),
            ]
        let width = rows.map(\.0.count).max() ?? 0
        let table = rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
        let verdict = isOK ? "ok" : findingCount == 0 ? "NOT OK: nothing was tried" : "NOT OK: \(findingCount) findings"
        return table + findings.map { "found: \($0.line(seed: seed))" } + [verdict]
    }
}
