import Encoding
import NIOCore
import OCPI
import Testbed

/// The outcome of a request for its caller.
enum DispatchOutcome: Sendable, Equatable {
    /// HTTP 200 and OCPI 1000.
    case accepted
    /// Another answer of the hub: the request either was in Kafka before, or never will be.
    case answered(Int)
    /// The request was not sent.
    case refused
    /// The connection broke or the request timed out. It may still be carried out.
    case unknown
}

/// The sequence of requests: PUT and PATCH of sessions, and their CDRs, each object with one running request at a time. A value.
struct Workload: Sendable {
    private struct ChargingSession: Sendable {
        let module: ModuleID
        let id: String
        var sequence = 1
    }

    /// Number of requests of one object before a new one replaces it.
    private static let length = 40
    private let participants: SoakParticipants
    private var free: [ChargingSession] = []
    private var running: [Int: ChargingSession] = [:]
    private var born = 0
    private var sent = 0
    private var numbers: SeededNumbers

    /// - Parameter objects: number of objects used at a time; every third is a CDR.
    init(_ participants: SoakParticipants, objects: Int, seed: UInt64) {
        self.participants = participants
        numbers = SeededNumbers(seed: seed)
        for _ in 0..<objects { begin(born % 3 == 2 ? .cdrs : .sessions) }
    }

    /// The next request; nil while every object has a running request.
    mutating func next() -> Dispatch? {
        guard !free.isEmpty else { return nil }
        let chargingSession = free.remove(at: Int.random(in: free.indices, using: &numbers))
        sent += 1
        running[sent] = chargingSession
        return dispatch(chargingSession, number: sent)
    }

    /// A request has ended.
    mutating func ended(_ number: Int, _ outcome: DispatchOutcome) {
        guard var chargingSession = running.removeValue(forKey: number) else { return }
        switch outcome {
        case .refused: free.append(chargingSession)
        case .unknown: begin(chargingSession.module)  // It may yet become true, before or after whatever followed: so nothing follows.
        case .accepted, .answered:
            chargingSession.sequence += 1
            if chargingSession.sequence > Self.length { begin(chargingSession.module) } else { free.append(chargingSession) }
        }
    }

    private mutating func begin(_ module: ModuleID) {
        born += 1
        free.append(ChargingSession(module: module, id: "S\(born)"))
    }

    private func dispatch(_ chargingSession: ChargingSession, number: Int) -> Dispatch {
        let owner = participants.cpo
        let sequence = JSONValue.number(String(chargingSession.sequence))
        let now = JSONValue.string(Timestamp.now.description)
        let content: (method: OCPI.Method, path: String, body: JSONValue)
        let place = "\(owner.country)/\(owner.party)/\(chargingSession.id)"
        switch chargingSession.module {
        case .cdrs:
            content = (
                .post, "",
                [
                    "country_code": .string(owner.country), "party_id": .string(owner.party),
                    "id": .string("\(chargingSession.id)-\(chargingSession.sequence)"),
                    "session_id": .string(chargingSession.id), "total_energy": sequence, "currency": "EUR", "last_updated": now,
                ]
            )
        case _ where chargingSession.sequence == 1:
            content = (
                .put, place,
                [
                    "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(chargingSession.id),
                    "kwh": sequence,
                    "auth_method": "WHITELIST", "currency": "EUR", "status": "ACTIVE", "last_updated": now,
                ]
            )
        default: content = (.patch, place, ["kwh": sequence, "last_updated": now])
        }
        let body = content.body.encoded()
        let message = Ledger.Message(
            number: number, object: "\(chargingSession.module.rawValue)/\(chargingSession.id)", sequence: chargingSession.sequence,
            recipients: participants.recipients(of: chargingSession.module),
            fingerprint: Dispatch.fingerprint(content.method.rawValue, chargingSession.module.rawValue, content.path, body))
        return Dispatch(message: message, method: content.method, module: chargingSession.module, path: content.path, body: body)
    }
}
