import Encoding
import OCPI
import TestParties

/// The hub under test and the parties around it. Checks run one at a time; at the start of each, all parties are connected, without a
/// script or recorded requests.
package final class TestEnvironment: Sendable {
    /// The addresses of the parties' servers.
    package struct Listening: Sendable {
        /// Address to listen on.
        package var address: String
        /// Host at which the hub reaches it.
        package var reachAs: String
        /// The first of consecutive ports, one per party; 0 for free ones.
        package var firstPort: Int

        /// Free ports of this machine by default.
        package init(address: String = "127.0.0.1", reachAs: String? = nil, firstPort: Int = 0) {
            self.address = address
            self.reachAs = reachAs ?? address
            self.firstPort = firstPort
        }
    }

    let hub: HubUnderTest
    let participants: Participants
    private let listening: Listening
    /// `participants.cpo`; role CPO, all modules of a CPO.
    let cpo: ConformanceParty
    /// `participants.otherCPO`; the same on another platform.
    let otherCPO: ConformanceParty
    /// `participants.emsp`; role EMSP, all modules of an eMSP.
    let emsp: ConformanceParty
    /// `participants.otherEMSP`; the same on another platform, but no tariffs module; endpoint URLs end in a slash.
    let otherEMSP: ConformanceParty
    /// `participants.both` as CPO and EMSP and `participants.sibling` as EMSP on one platform, all modules of both.
    let both: ConformanceParty
    /// The five registered platforms.
    var parties: [ConformanceParty] { [cpo, otherCPO, emsp, otherEMSP, both] }

    /// An environment whose parties do not listen yet.
    package init(hub: HubUnderTest, participants: Participants, listening: Listening = Listening()) {
        self.hub = hub
        self.participants = participants
        self.listening = listening
        func role(_ role: String, _ id: PartyID) -> PartyDescription.Role { TestEnvironment.role(role, id) }
        func party(
            _ number: Int, _ first: PartyDescription.Role, and others: [PartyDescription.Role] = [], _ interfaces: [Interface],
            slash: Bool = false
        ) -> ConformanceParty {
            ConformanceParty(
                first, and: others, interfaces, trailingSlash: slash, hub: hub, place: TestEnvironment.place(listening, number))
        }
        let common = Interface(.hubclientinfo, .receiver)
        cpo = party(0, role("CPO", participants.cpo), Participants.cpoInterfaces)
        otherCPO = party(1, role("CPO", participants.otherCPO), Participants.cpoInterfaces)
        emsp = party(2, role("EMSP", participants.emsp), Participants.emspInterfaces)
        otherEMSP = party(
            3, role("EMSP", participants.otherEMSP), Participants.emspInterfaces.filter { $0 != Interface(.tariffs, .receiver) },
            slash: true)
        both = party(
            4, role("CPO", participants.both), and: [role("EMSP", participants.both), role("EMSP", participants.sibling)],
            Participants.cpoInterfaces.filter { $0 != common } + Participants.emspInterfaces)
    }

    /// Starts all parties and registers them in parallel.
    /// - Throws: the error with the party's name.
    package func start() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for party in parties {
                group.addTask {
                    do {
                        try await party.start()
                        try await party.register()
                    } catch {
                        throw RegistrationFailure(description: "\(party.id) could not be registered: \(error)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Unregisters all parties and stops their servers.
    package func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for party in parties {
                group.addTask {
                    await party.leave()
                    await party.stop()
                }
            }
        }
    }

    /// Restores the initial state of a check: parties listen, answer by default, are connected and have no recorded requests.
    func reset() async throws {
        for party in parties where try await party.reset() { try await reconnect(party) }
        for party in parties { party.received.clear() }
    }

    /// The hub may have noticed that the party was unreachable. A call from the party and then one to it end that state.
    private func reconnect(_ party: ConformanceParty) async throws {
        try await party.configure(.get, hub.versionsURL).expect(code: 1000)
        guard let caller = parties.first(where: { $0 !== party }), let list = party.interfaces.first(where: { $0.role == .sender }) else {
            return
        }
        let query = "date_from=2020-01-01T00:00:00Z"
        try await eventually("\(party.id) can be reached again") {
            try await caller.send(.get, list.module, .sender, query: query, to: party.id).code == 1000
        }
    }

    /// Polls a condition for which there is no event.
    /// - Throws: `Unmet` if it does not hold within the limit.
    func eventually(_ what: String, within limit: Duration = .seconds(5), _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else { throw Unmet("not within \(limit): \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Calls `use` with a new platform for `participants.spare`, which unregisters afterwards.
    /// - Parameters:
    ///   - role: `CPO` or `EMSP`, which determines its modules.
    ///   - registered: false to do the handshake in `use`.
    /// - Throws: `Skipped` if there is no source for a token A.
    func withSpare<Result: Sendable>(
        _ role: String = "EMSP", registered: Bool = true, _ use: (ConformanceParty) async throws -> Result
    ) async throws -> Result {
        guard hub.admin != nil else { throw Skipped("needs the hub's admin API to invite a platform") }
        let spare = ConformanceParty(
            Self.role(role, participants.spare), role == "CPO" ? Participants.cpoInterfaces : Participants.emspInterfaces, hub: hub,
            place: Self.place(listening, 5))
        do {
            try await spare.start()
            if registered { try await spare.register() }
            let result = try await use(spare)
            await dismiss(spare)
            return result
        } catch {
            await dismiss(spare)
            throw error
        }
    }

    private func dismiss(_ spare: ConformanceParty) async {
        await spare.leave()
        await spare.stop()
    }

    private static func role(_ role: String, _ id: PartyID) -> PartyDescription.Role {
        PartyDescription.Role(role, id, name: "Conformance \(id)")
    }

    private static func place(_ listening: Listening, _ number: Int) -> TestParty.Place {
        TestParty.Place(
            listen: listening.address, port: listening.firstPort == 0 ? 0 : listening.firstPort + number, reachAs: listening.reachAs)
    }
}
