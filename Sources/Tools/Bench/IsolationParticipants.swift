import Directory
import OCPI

/// The parties: as many senders as recipients. Each recipient gets the copies of one sender's requests, and that sender's requests are for
/// another recipient, so that calls and copies of a recipient are independent. The last recipients are the unresponsive ones.
struct IsolationParticipants: Sendable {
    /// CPOs, all of one platform.
    let senders: [PartyID]
    /// eMSPs, each with its own platform, which are also services that get copies of sessions.
    let recipients: [PartyID]
    /// Index of the first unresponsive recipient; all following ones are unresponsive too.
    let firstHanging: Int

    /// Nil unless there are 2 to 1000 recipients, some unresponsive and some not.
    init?(recipients count: Int, hanging: Int) {
        guard 2...1000 ~= count, 1..<count ~= hanging else { return nil }
        let numbers = (0..<count).map { String(String($0 + 1000).suffix(3)) }
        senders = numbers.compactMap { PartyID(country: "DE", party: $0) }
        recipients = numbers.compactMap { PartyID(country: "NL", party: $0) }
        firstHanging = count - hanging
        guard senders.count == count, recipients.count == count else { return nil }
    }

    /// The recipients of a request by its number, in turn.
    func turn(_ number: Int) -> (service: Int, receiver: Int) {
        let service = number % recipients.count
        return (service, (service + recipients.count / 2) % recipients.count)
    }

    /// The registry entries: all parties under this node, the services, and one agreement for each.
    func registry(operatorAddress: String) -> [Fact] {
        let source = "state"
        func party(_ id: PartyID, _ role: String) -> Fact {
            .party(NetworkParty(party: id, roles: [role], operatorAddress: operatorAddress, source: source))
        }
        let permissions = Permission.allCases.filter { $0.name == "FORWARD_MODULE_SESSIONS_RECEIVER" }.map(\.rawValue)
        let services = recipients.map {
            Fact.service(NetworkService(provider: $0, name: $0.description, permissions: permissions, source: source))
        }
        let agreements = zip(senders, recipients).map { Fact.agreement(Agreement(user: $0, provider: $1, source: source)) }
        return senders.map { party($0, "CPO") } + recipients.map { party($0, "EMSP") } + services + agreements
    }
}
