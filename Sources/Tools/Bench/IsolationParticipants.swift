import Directory
import OCPI

/// As many senders as recipients: each recipient gets copies of what one sender sends, and that sender's requests go to another recipient.
/// So each half of it can hang without the other. The last ones are those that hang.
struct IsolationParticipants: Sendable {
    /// CPOs, all of one platform.
    let senders: [PartyID]
    /// eMSPs, each a platform of its own, and a service that gets copies of sessions.
    let recipients: [PartyID]
    /// The first one that hangs; all behind it do.
    let firstHanging: Int

    /// Nil unless there are 2 to 1000 recipients, of which some hang and some do not.
    init?(recipients count: Int, hanging: Int) {
        guard 2...1000 ~= count, 1..<count ~= hanging else { return nil }
        let numbers = (0..<count).map { String(String($0 + 1000).suffix(3)) }
        senders = numbers.compactMap { PartyID(country: "DE", party: $0) }
        recipients = numbers.compactMap { PartyID(country: "NL", party: $0) }
        firstHanging = count - hanging
        guard senders.count == count, recipients.count == count else { return nil }
    }

    /// Who sends what and to whom: everybody in turn.
    func turn(_ number: Int) -> (service: Int, receiver: Int) {
        let service = number % recipients.count
        return (service, (service + recipients.count / 2) % recipients.count)
    }

    /// Everybody as parties of one node, the services, and one agreement for each.
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
