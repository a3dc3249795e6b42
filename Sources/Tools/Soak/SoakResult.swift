import Encoding
import OCPI

/// What came out of a run.
package struct SoakResult: Sendable {
    /// The sums.
    package let balance: Balance
    /// How often each role was killed.
    package let kills: [String: Int]
    /// Requests that were not sent when it was their time, because too much was waiting or every object had one under way.
    package let heldBack: Int
    /// Processes that ended by themselves, in words.
    package let crashes: [String]
    /// Some of the copies that are lost, in words.
    package let missing: [String]
    /// What the run can be repeated with.
    package let seed: UInt64

    /// Whether every promise was kept, and something was promised.
    package var isOK: Bool { notOKBecause.isEmpty }

    /// Why it is not OK, in words; empty if it is.
    package var notOKBecause: [String] {
        balance.faults + (balance.accepted > 0 ? [] : ["no request was accepted that gives rise to copies"]) + crashes
    }

    private var killed: Int { kills.values.reduce(0, +) }

    /// One JSON object.
    package var json: String {
        JSONValue.object([
            "accepted": .int(balance.accepted), "delivered": .int(balance.delivered), "duplicates": .int(balance.duplicates),
            "dead": .int(balance.dead), "expired": .int(balance.expired), "lost": .int(balance.waiting),
            "order_violations": .int(balance.orderViolations), "kills": .int(killed), "ok": .bool(isOK),
            "not_ok_because": .array(notOKBecause.map(JSONValue.string)), "withheld": .int(balance.withheld),
            "requests": .int(balance.requests), "uncertain_delivered": .int(balance.uncertain),
            "duplicates_allowed": .int(balance.duplicatesAllowed), "strangers": .int(balance.unexpectedCopies),
            "longest_stall_seconds": .number(Self.seconds(balance.longestStall)),
            "longest_stalls": .object(
                balance.longestStalls.sorted { $0.key < $1.key }.map {
                    JSONMember(name: $0.key.description, value: .number(Self.seconds($0.value)))
                }),
            "killed": .object(kills.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .int($0.value)) }),
            "held_back": .int(heldBack), "crashes": .int(crashes.count), "seed": .number(String(seed)),
        ]).text
    }

    /// For people.
    package var lines: [String] {
        let rows: [(String, String)] = [
            ("requests accepted", "\(balance.requests)"), ("copies owed for them", "\(balance.accepted)"),
            ("  delivered", "\(balance.delivered)"), ("  dead letters", "\(balance.dead)"), ("  expired", "\(balance.expired)"),
            ("  withheld", "\(balance.withheld)"), ("  lost", "\(balance.waiting)"),
            ("duplicates", "\(balance.duplicates) (explained: up to \(balance.duplicatesAllowed))"),
            ("out of order", "\(balance.orderViolations)"), ("not owed or altered", "\(balance.unexpectedCopies)"),
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
        let verdict = isOK ? "ok" : "NOT OK: \(notOKBecause.joined(separator: "; "))"
        return table + ["longest stall of each service"] + stalls + wrong + [verdict]
    }

    /// `1.234`
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = max(0, duration / .milliseconds(1))
        let whole = Int(milliseconds.rounded())
        let rest = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
