import Directory
import Encoding
import NIOCore
import OCPI
import TestParties

/// Steps 1 and 2: the agreements, and a charging session.
extension Scenario {
    func setting() async throws -> String {
        let service = participants.billing.profile
        let agreed = FactKey.agreement(user: participants.cpo1.profile.id, provider: service.id)
        let agreement = Agreement(user: participants.cpo1.profile.id, provider: service.id, source: DemoStage.source)
        try await DemoStage.publish([.put(.agreement(agreement))], in: demoStage.starter)
        let offer = try await inState(FactKey.service(service.id))
        report.note(step, "\(service.id) \(service.name) asks for permission 8: \(offer)")
        let places = try await inState(agreed)
        report.note(step, "\(participants.cpo1.profile.id) \(participants.cpo1.profile.name) agrees: \(places)")
        let refused = FactKey.agreement(user: participants.cpo2.profile.id, provider: service.id)
        try expect(!demoStage.tap.crossings.contains { $0.key == refused }, "\(participants.cpo2.profile.id) has an agreement")
        report.note(step, "\(participants.cpo2.profile.id) \(participants.cpo2.profile.name) does not")
        return "\(participants.cpo1.profile.id) agreed to \(service.id), \(participants.cpo2.profile.id) did not"
    }

    /// The positions of a key in both nodes' shared state.
    private func inState(_ key: String) async throws -> String {
        var places: [String] = []
        for node in demoStage.nodes.indices {
            let crossing = await demoStage.tap.first(timeout: Self.maximumWait) { $0.kind == .state && $0.node == node && $0.key == key }
            places.append(try require(crossing, "\(key) does not stand in the shared state of node \(node + 1)").place)
        }
        return places.joined(separator: ", ")
    }

    func session() async throws -> String {
        let locations = try await fetchLocations(of: participants.cpo1) + fetchLocations(of: participants.cpo2)
        try expect(locations == ["MARKT", "HAFEN", "KADE"], "the eMSP got the locations \(locations)")

        try await command(
            "START_SESSION",
            [
                "token": driver.object(updated: started), "location_id": .string(charging.site.locationID),
                "evse_uid": .string(charging.site.evseUID),
            ])
        let path = "\(charging.site.owner.country)/\(charging.site.owner.party)/\(charging.sessionID)"
        let minute: Int64 = 60_000
        let updates: [(OCPI.Method, ByteBuffer)] = [
            (.put, charging.session(status: "ACTIVE", kWh: "0.000", updated: started)),
            (
                .patch,
                charging.sessionPatch(
                    status: "ACTIVE", kWh: "12.000", period: ChargePeriod(kWh: "12.000", hours: "0.5000"),
                    updated: started.adding(milliseconds: 30 * minute))
            ),
            (
                .patch,
                charging.sessionPatch(
                    status: "COMPLETED", kWh: "18.437", period: ChargePeriod(kWh: "6.437", hours: "0.2583"),
                    updated: started.adding(milliseconds: 45 * minute))
            ),
        ]
        for (index, update) in updates.enumerated() {
            if index == updates.count - 1 { try await command("STOP_SESSION", ["session_id": .string(charging.sessionID)]) }
            let (_, received) = try await exchange(
                update.0, "sessions", .receiver, path: path, from: participants.cpo1, to: participants.emsp, body: update.1)
            try expect(received.request.path == "/ocpi/2.2.1/sessions/\(path)", "the eMSP received \(received.line)")
        }
        return "\(locations.count) locations from 2 CPOs; session \(charging.sessionID) started, followed and stopped"
    }

    /// Ids of all locations of a CPO, read in pages.
    private func fetchLocations(of cpo: DemoParty) async throws -> [String] {
        var ids: [String] = []
        var page = try await exchange(.get, "locations", .sender, query: "limit=1", from: participants.emsp, to: cpo).sent
        let home = demoStage.nodes[participants.nodeIndex(of: participants.emsp)].publicURL
        let total = page.header(OCPIHeader.totalCount).flatMap { Int($0) } ?? 0
        while true {
            let answer = try JSONValue.parse(page.body)
            ids += (answer["data"]?.array ?? []).compactMap { $0["id"]?.string }
            guard let next = page.nextPage else { break }
            try expect(next.hasPrefix(home + "/"), "the next page is at \(next), not at the eMSP's node \(home)")
            try expect(ids.count < total, "a next page after \(ids.count) of \(total) locations")
            page = try await follow(.get, next, from: participants.emsp, to: cpo).sent
        }
        try expect(ids.count == total, "\(ids.count) locations of \(cpo.profile.id), and X-Total-Count says \(total)")
        return ids
    }

    /// A command of the eMSP to CPO 1, its answer, and the result at the eMSP's `response_url`.
    private func command(_ name: String, _ members: KeyValuePairs<String, JSONValue>) async throws {
        let path = "/ocpi/2.2.1/commands/\(name)/\(charging.sessionID)"
        let responseURL = participants.emsp.url + path
        let fields =
            [JSONMember(name: "response_url", value: .string(responseURL))] + members.map { JSONMember(name: $0.key, value: $0.value) }
        let body = JSONValue.object(fields).encoded()
        let (sent, received) = try await exchange(
            .post, "commands", .receiver, path: name, from: participants.emsp, to: participants.cpo1, body: body, splicesResponseURL: true)
        try expect(sent.body.jsonString(["data", "result"]) == "ACCEPTED", "\(name) was not accepted")

        let given = try require(received.request.body.jsonString(["response_url"]), "\(name) arrived without a response_url")
        let home = demoStage.nodes[participants.nodeIndex(of: participants.cpo1)].publicURL
        try expect(given.hasPrefix(home + "/"), "the response_url \(given) is not at CPO 1's node \(home)")
        try expect(given.utf8.count <= 255, "the response_url has \(given.utf8.count) characters, more than 255")
        let restored = try require(received.request.body.jsonRange(of: ["response_url"]), "\(name) arrived without a response_url")
        try expect(
            received.request.body.replacing(restored, with: Array("\"\(responseURL)\"".utf8)) == body,
            "\(name) was changed in more than its response_url")

        let arrived = await participants.emsp.received.wait(within: Self.maximumWait) { $0.contains { $0.request.path == path } }
        let result = try require(
            arrived?.first { $0.request.path == path },
            "no result of \(name) arrived" + (participants.cpo1.callbackFailure.map { ": \($0)" } ?? ""))
        let correlation = result.correlationID
        let calls = await participants.cpo1.sent.wait(within: Self.maximumWait) { $0.contains { $0.correlationID == correlation } }
        let call = try require(calls?.first { $0.correlationID == correlation }, "CPO 1 got no answer when it sent the result of \(name)")
        _ = try await check(call, from: participants.cpo1, to: participants.emsp, body: DemoParty.commandResult)
    }
}
