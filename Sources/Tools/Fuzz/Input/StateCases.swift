import Encoding
import Kafka
import NIOCore
import OCPI
import Testbed
import Topics

/// Records of the compacted topics, with keys of a few parties and platforms that are otherwise unused: records about the others would be
/// valid for the node, and its state must not grow with the number of cases.
struct StateCases {
    let material: Material
    let now: Timestamp

    /// The parties of these records.
    static let parties = (0..<6).map { "XX-F0\($0)" }

    private struct Names {
        let party: String
        let other: String
        let platform: String

        init(_ numbers: inout SeededNumbers) {
            party = numbers.pick(StateCases.parties)
            other = numbers.pick(StateCases.parties)
            platform = "fuzz-\(numbers.below(6))"
        }
    }

    /// A record of `ocn.state`.
    func state(_ numbers: inout SeededNumbers) -> RecordCase {
        let (key, json) = fact(Names(&numbers), &numbers)
        return make("state", material.topics.state, key, json, &numbers)
    }

    /// A record of `ocn.links`.
    func link(_ numbers: inout SeededNumbers) -> RecordCase {
        let names = Names(&numbers)
        let json: JSONValue = [
            "kind": numbers.pick([1, 2, 3, 0, 300]), "owner": .string(names.party), "user": .string(names.other),
            "expires": .string(
                numbers.pick(["2026-12-31T00:00:00Z", "9999-12-31T23:59:59Z", now.adding(milliseconds: 60_000).description])),
            "url": .string(numbers.pick(["http://127.0.0.1:1/x", OddText.make(&numbers)])),
        ]
        return make("link", material.topics.links, "fuzz-\(numbers.below(40))", json, &numbers)
    }

    private func make(_ kind: String, _ topic: String, _ key: String, _ json: JSONValue, _ numbers: inout SeededNumbers) -> RecordCase {
        let value: ByteBuffer? =
            switch numbers.below(10) {
            case 0: nil
            case 1: ByteBuffer(bytes: numbers.bytes(numbers.below(300)))
            case 2: ByteBuffer(bytes: OddJSON.text(json, &numbers))
            case 3: json.encoded()
            default: OddJSON.mutate(json, &numbers).encoded()
            }
        let headers = RecordHeaders(
            numbers.chance(10) ? [RecordHeader(name: OddText.make(&numbers, longest: 40), value: OddText.make(&numbers))] : [])
        return RecordCase("records: \(kind)", OutgoingRecord(topic: topic, partition: 0, key: key, value: value, headers: headers))
    }

    private func fact(_ names: Names, _ numbers: inout SeededNumbers) -> (key: String, json: JSONValue) {
        let time = numbers.pick([
            "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", OddText.make(&numbers, longest: 50),
        ])
        let party: JSONValue = .string(names.party)
        let platform: JSONValue = .string(names.platform)
        switch numbers.below(17) {
        case 0:
            return (
                "platform/\(names.platform)",
                [
                    "id": platform, "token_a": "x", "token_a_expires": .string(time), "token_c": ["x"], "token_b": "nonsense",
                    "token_encoding": "plain",
                    "versions_url": "http://127.0.0.1:1/versions", "version": "2.2.1", "retiring": [["hash": "x", "until": .string(time)]],
                    "roles": [["role": "CPO", "party_id": .string(String(names.party.suffix(3))), "country_code": "XX"]],
                    "invited": [party], "invited_until": .object([JSONMember(name: names.party, value: .string(time))]),
                    "revision": numbers.pick([0, 1, 7, .number("9223372036854775807"), -1]), "endpoints": [],
                ]
            )
        case 1:
            let url = numbers.pick(["http://127.0.0.1:1/x", Oversized.text(3000, of: "|"), OddText.make(&numbers)])
            return (
                "endpoints/\(names.platform)",
                ["platform": platform, "endpoints": [["identifier": "tokens", "role": "RECEIVER", "url": .string(url)]]]
            )
        case 2: return ("status/\(names.platform)", ["platform": platform, "status": "CONNECTED", "time": .string(time)])
        case 3: return ("claim/\(names.party)/\(names.platform)", ["party": party, "platform": platform, "since": .string(time)])
        case 4:
            return (
                "\(numbers.pick(["clientinfo", "announced"]))/\(names.party)/CPO",
                [
                    "country_code": "XX", "party_id": .string(String(names.party.suffix(3))), "role": "CPO", "status": "CONNECTED",
                    "last_updated": .string(time),
                ]
            )
        case 5: return ("rules/\(names.platform)", ["platform": platform, "signatures": true, "active": "whitelist"])
        case 6:
            return (
                "rule/\(names.platform)/whitelist/\(names.party)",
                ["platform": platform, "list": "whitelist", "party": party, "modules": ["cdrs"]]
            )
        case 7:
            let address = "0x" + String(repeating: "\(numbers.below(6))", count: 40)
            return (
                "node/\(address)",
                ["operator": .string(address), "url": "http://127.0.0.1:1", "dialect": "ocn-1", "verbatim": true, "source": "state"]
            )
        case 8:
            let address = "0x" + String(repeating: "\(numbers.below(6))", count: 40)
            return (
                "party/\(names.party)",
                ["party": party, "roles": ["CPO"], "address": .null, "operator": .string(address), "source": "state"]
            )
        case 9:
            return (
                "service/\(names.party)",
                ["provider": party, "name": "x", "permissions": [0, .number("1e9"), -1], "delivery": "push", "source": "state"]
            )
        case 10: return ("agreement/\(names.party)/\(names.other)", ["user": party, "provider": .string(names.other), "source": "state"])
        case 11: return ("outbox/\(names.party)", ["recipient": party, "paused": true, "rewind": ["id": "x", "to": .string(time)]])
        case 12:
            return (
                "breaker/\(names.party)/fuzz",
                ["recipient": party, "worker": "fuzz", "state": "open", "seen": .string(time), "since": .string(time)]
            )
        case 13: return ("store/\(names.party)/cdrs/POST", ["recipient": party, "module": "cdrs", "method": "POST"])
        case 15: return ("gone/\(names.platform)", ["platform": platform, "time": .string(time)])
        case 14: return ("origins/\(names.platform)", ["platform": platform, "origins": ["http://a"]])
        default: return (OddText.make(&numbers, longest: 200) + "x", OddJSON.value(&numbers))
        }
    }
}
