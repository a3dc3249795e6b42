import Encoding
import OCPI

/// One operator in the opening diagram: its node, its Kafka, and its parties.
package struct OperatorSide: Sendable {
    /// `node 1`.
    package let name: String
    /// Public base URL of the node.
    package let url: String
    /// Bootstrap address of its Kafka cluster.
    package let kafka: String
    /// The parties' profiles.
    package let parties: [PartyProfile]

    package init(name: String, url: String, kafka: String, parties: [PartyProfile]) {
        self.name = name
        self.url = url
        self.kafka = kafka
        self.parties = parties
    }

    /// The diagram: all operators side by side, with the network between them.
    static func picture(_ sides: [OperatorSide]) -> [String] {
        let columns = sides.map(\.box)
        let height = columns.map(\.count).max() ?? 0
        return (0..<height).map { row in
            columns.enumerated().map { index, box in
                let gap = index == 0 ? "" : row == height - 3 ? "◀─ /ocn/message ─▶" : String(repeating: " ", count: 18)
                return gap + (row < box.count ? box[row] : "")
            }.joined()
        }
    }

    private static let inner = 40

    private var box: [String] {
        func row(_ text: String) -> String { "│ \(text.padded(to: Self.inner - 2)) │" }
        let parties = self.parties.map { row("\($0.id)  \($0.name.padded(to: 11)) \($0.part.title)") }
        return ["┌" + String(repeating: "─", count: Self.inner) + "┐"] + parties + [
            row("   │ HTTP"), row("\(name)  \(url)"), row("Kafka   \(kafka)"),
            "└" + String(repeating: "─", count: Self.inner) + "┘",
        ]
    }

    var members: [(String, JSONValue)] {
        [
            ("name", .string(name)), ("url", .string(url)), ("kafka", .string(kafka)),
            (
                "parties",
                .array(
                    parties.map {
                        ["id": .string($0.id.description), "name": .string($0.name), "part": .string($0.part.title)]
                    })
            ),
        ]
    }
}
