import Encoding
import OCPI
import TestParties

// A party's default answers.
extension ConformanceParty {
    /// The default answers of its modules.
    func ownAnswer(to request: PartyRequest) -> ServerAnswer {
        guard let interface = request.interface else { return .failure(2000, status: 404, "nothing here") }
        switch (request.method, interface.module, interface.role) {
        case (.get, _, .sender) where request.rest.isEmpty: return .page([])
        case (.get, .chargingprofiles, .receiver), (.put, .chargingprofiles, .receiver), (.delete, .chargingprofiles, .receiver),
            (.post, .commands, .receiver):
            return .success(["result": "ACCEPTED", "timeout": 30])
        case (.get, _, _): return .success(["id": .string(request.rest)])
        case (.post, .cdrs, .receiver):
            let id = request.body.jsonString(["id"]) ?? "unnamed"
            let own = URLJoin.trimmed(url(.cdrs, .receiver))
            return .success(headers: [(OCPIHeader.location, "\(own)/\(id)")])
        case (.post, .tokens, .sender): return .success(["allowed": "ALLOWED"])
        case (.put, .sessions, .sender): return .success("ACCEPTED")
        default: return .success()
        }
    }
}
