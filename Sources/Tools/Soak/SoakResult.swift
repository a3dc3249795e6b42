import Encoding
import OCPI

/// The result of a run.
package struct SoakResult: Sendable {
    /// The totals.
    package let balance: Balance
    /// Number of kills by role.
    package let kills: [String: Int]
    /// Number of requests that were not sent when they were due, because the backlog was too large or every object had a running request.
    package let heldBack: Int
    /// Descriptions of processes that ended unexpectedly.
    package let crashes: [String]
    /// Descriptions of some of the lost copies.
    package let missing: [String]
    /// The seed, to repeat the run.
    package let seed: UInt64

    /// Whether all guarantees were kept and at least one copy was expected.
    package var isOK: Bool { notOKBecause.isEmpty }

    /// The violated guarantees; empty if there are none.
    package var notOKBecause: [String] {
        balance.faults + (balance.accepted > 0 ? [] : ["no request was accepted that gives rise to copies"]) + crashes
    }

    private var killed: Int { kills.values.reduce(0, +) }

    /// The result as one JSON object.
    package var json: String {
        JSONValue.object([
            "accepted": .int(balance.accepted), "delivered": .int(balance.delivered), "duplicates": .int(balance.duplicates),
            "dead": .int(balance.dead), "expired": .int(balance.expired), "lost": .int(balance.waiting),
            "order_violations": .int(balance.orderViolations), "kills": .int(killed), "ok": .bool(isOK),
            "not_ok_because": .array(notOKBecause.map(JSONValue.string)), "withheld": .int(balance.withheld),
            "requests": .int(balance.requests), "uncertain_delivered": .int(balance.uncertain),
            "duplicates_allowed": .int(balance.duplicatesAllowed), "unexpected_copies": .int(balance.unexpectedCopies),
            "longest_stall_seconds": .number(Self.seconds(balance.longestStall)),
            "longest_stalls": .object(
                balance.longestStalls.sorted { $0.key < $1.key }.map {
                    JSONMember(name: $0.key.description, value: .number(Self.seconds($0.value)))
                }),
            "killed": .object(kills.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .int($0.value)) }),
            "held_back": .int(heldBack), "crashes": .int(crashes.count), "seed": .number(String(seed)),
        ]).text
    }

    /// The result as text.
    package var lines: [String] {
        let rows: [(String, String)] = [
            ("requests accepted", "\(balance.requests)"), ("expected copies", "\(balance.accepted)"),
            ("  delivered", "\(balance.delivered)"), ("  dead letters", "\(balance.dead)"), ("  expired", "\(balance.expired)"),
            ("  withheld", "\(balance.withheld)"), ("  lost", "\(balance.waiting)"),
            ("duplicates", "\(balance.duplicates) (explained: up to \(balance.duplicatesAllowed))"),
            ("out of order", "\(balance.orderViolations)"), ("unexpected or altered", "\(balance.unexpectedCopies)"),
            ("delivered without a known answer", "\(balance.uncertain)"), ("longest stall", Self.seconds(balance.longestStall) + " s"),
            (
                "kills",
                killed == 0 ? "0" : "\(killed): " + kills.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            ),
            ("not sent, too much was under way", "\(heldBack)"), ("seed", "\(seed)"),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        let table = rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
        let stalls = balance.longestStalls.sorted { $0.key < $1.key }.map { "  \($0.key) " + Self.seconds($0.value) + " s" }
        let wrong = missing.map { "lost: \($0)" } + balance.notes
        let conclusion = isOK ? "ok" : "NOT OK: \(notOKBecause.joined(separator: "; "))"
        return table + ["longest stall of each service"] + stalls + wrong + [conclusion]
    }

    /// A duration in seconds, like `1.234`.
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = max(0, duration / .milliseconds(1))
        let whole = Int(milliseconds.rounded())
        let rest = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
