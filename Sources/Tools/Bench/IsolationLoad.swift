import Encoding
import NIOCore
import OCPI
import TestParties
import Testbed

/// Sends requests at a constant rate, independent of the outcome of earlier ones.
struct IsolationLoad: Sendable {
    private let participants: IsolationParticipants
    private let sender: TestParty
    private let endpoint: String
    private let caller: PartyCaller
    private let recorder: RoundRecorder
    private let pause: Duration

    /// - Throws: `HandshakeFailure` if the node advertises no sessions endpoint.
    init(_ participants: IsolationParticipants, _ sender: TestParty, _ caller: PartyCaller, _ recorder: RoundRecorder, rate: Int) throws {
        self.participants = participants
        self.sender = sender
        self.caller = caller
        self.recorder = recorder
        endpoint = try sender.endpoint(Interface(.sessions, .receiver))
        pause = Duration.seconds(1) / rate
    }

    /// Sends for this long, and returns when the last request has ended.
    func run(for length: Duration) async throws {
        let clock = ContinuousClock()
        // Both clocks run at the same rate, so the difference is constant.
        let start = clock.now - recorder.time
        try await withThrowingDiscardingTaskGroup { group in
            var due = recorder.time
            let end = due + length
            while due < end {
                try await clock.sleep(until: start + due)
                let now = due
                due += pause
                group.addTask { await send(due: now) }
            }
        }
    }

    private func send(due: Duration) async {
        let (number, turn) = recorder.note { results, _ in
            let turn = participants.turn(results.first + results.sent)
            return (results.sends(due: due, to: turn.receiver, copyTo: turn.service), turn)
        }
        let isSuccess = await call(turn.receiver, from: participants.senders[turn.service], id: "B\(number)", Correlation.text(number))
        recorder.note { $0.ended(number, isSuccess: isSuccess, at: $1) }
    }

    /// Waits until these recipients can be called, so that a round does not affect the next one.
    /// - Throws: `TestbedFailure` after `limit`.
    func reaches(_ recipients: Range<Int>, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        for recipient in recipients {
            var successes = 0
            // One success is not enough, because a half-open breaker permits only probes.
            while successes < 5 {
                try Task.checkCancellation()
                if await call(recipient, from: participants.senders[0], id: "P\(recipient)", "bench-probe") {
                    successes += 1
                    continue
                }
                successes = 0
                guard ContinuousClock.now < deadline else {
                    throw TestbedFailure("\(participants.recipients[recipient]) cannot be called within \(limit.components.seconds) s")
                }
                // There is no event for this, so it is polled.
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Whether the call succeeded.
    private func call(_ recipient: Int, from owner: PartyID, id: String, _ correlationID: String) async -> Bool {
        let headers = sender.headers(
            from: owner, to: participants.recipients[recipient], requestID: UUIDText.v4(), correlationID: correlationID)
        let url = URLJoin.join(endpoint, "\(owner.country)/\(owner.party)/\(id)", query: nil)
        let answer = try? await caller.call(.put, url, headers: headers, body: Self.session(id, of: owner))
        return answer?.status == 200 && answer?.code == 1000
    }

    /// A session of about half a kilobyte.
    private static func session(_ id: String, of owner: PartyID) -> ByteBuffer {
        let now = JSONValue.string(Timestamp.now.description)
        let session: JSONValue = [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id), "start_date_time": now,
            "kwh": .number("0.5"),
            "cdr_token": ["country_code": "NL", "party_id": "000", "uid": "012345678", "type": "RFID", "contract_id": "NL000C1"],
            "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "3256", "connector_id": "1", "currency": "EUR",
            "status": "ACTIVE", "last_updated": now,
        ]
        return session.encoded()
    }
}
