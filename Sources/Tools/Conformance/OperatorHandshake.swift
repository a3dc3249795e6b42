import Encoding
import OCPI
import TestParties

/// The handshake with the hub as Sender, started by its operator: `POST /admin/platform`, then `…/{id}/start-handshake`.
enum OperatorHandshake {
    /// Makes the hub register with this party.
    /// - Returns: the operator's answer; nil if this hub has no such call.
    static func begin(with party: ConformanceParty, _ environment: TestEnvironment) async throws -> CallAnswer? {
        // In this direction the party issues token A.
        let body: JSONValue = [
            "handshakeSelfInitiated": true, "tokenA": .string(party.tokenB.raw), "platformVersionsUrl": .string(party.versionsURL),
        ]
        let prepared = try await environment.hub.ask(.post, "/admin/platform", body: body)
        if [404, 405, 501].contains(prepared.status) { return nil }
        try prepared.expect(http: 200, 201)
        let id = try require(prepared.json?["id"]?.string, "the operator got no id for the platform")
        let started = try await environment.hub.ask(.post, "/admin/platform/\(id)/start-handshake")
        if started.status == 200 {
            try await party.discover()
        } else {
            _ = try await environment.hub.ask(.delete, "/admin/platform/\(id)")
        }
        return started
    }
}
