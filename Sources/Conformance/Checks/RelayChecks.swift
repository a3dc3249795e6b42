import NIOCore
import OCPI
import Wire

/// Requirements 76 to 82: what passes through the hub stays as it is.
enum RelayChecks {
    static let all: [Check] = [
        Check(76) { rig in
            let notFound = #"{"status_code":2001,"status_message":"no such session","timestamp":"2024-02-29T23:59:58Z"}"#
            let answers: [(status: Int, type: String, text: String)] = [
                (404, "application/json", notFound),
                (200, "application/json", #"{"status_code":3000, "x" : [ 1.0 ],"timestamp":"2024-02-29T23:59:58Z"}"#),
                (201, "application/json", #"{"status_code":1000,"timestamp":"2024-02-29T23:59:58Z"}"#),
                (200, "application/json", #"{"no":"envelope"}"#), (502, "text/html", "<html>Bad Gateway</html>"),
            ]
            for answer in answers {
                rig.emsp.script { request in
                    request.interface == nil
                        ? nil : Answer(answer.status, headers: [("Content-Type", answer.type)], text: answer.text)
                }
                let id = Sample.id("SES")
                let reply = try await rig.cpo.send(
                    .put, .sessions, .receiver, Sample.path(rig.cpo.id, id), to: rig.emsp.id,
                    body: Sample.session(id, of: rig.cpo.id, driver: rig.emsp.id))
                try await rig.emsp.arrival(of: reply)
                try reply.expect(http: answer.status)
                try same("the body of the answer", reply.text, answer.text)
            }
        },
        Check(77) { rig in
            // In other spellings than the hub would choose.
            let path = "de/cPa/\(Sample.id("loc"))"
            let body = Sample.location("any", of: rig.cpo.id)
            let direct = try await rig.cpo.send(.put, .locations, .receiver, path, to: rig.emsp.id, body: body)
            try same("the path of a push", try await rig.emsp.arrival(of: direct).rest, path)
            let broadcast = try await rig.cpo.send(.put, .locations, .receiver, path, to: rig.hub.party, body: body)
            try same("the path of a broadcast", try await rig.emsp.arrival(of: broadcast).rest, path)
        },
        Check(78) { rig in
            let id = Sample.id("LOC")
            try await passesOrRefuses(rig, path: Sample.path(rig.otherCPO.id, id), body: Sample.location(id, of: rig.otherCPO.id))
        },
        Check(79) { rig in
            try await passesOrRefuses(
                rig, path: Sample.path(rig.cpo.id, Sample.id("LOC")), body: Sample.location(Sample.id("LOC"), of: rig.cpo.id))
        },
        Check(80) { rig in
            let id = Sample.id("ID")
            let (cpo, emsp) = (rig.cpo, rig.emsp)
            try await arrivesWithItsOwner(.locations, Sample.location(id, of: cpo.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.sessions, Sample.session(id, of: cpo.id, driver: emsp.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.tariffs, Sample.tariff(id, of: cpo.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.tokens, Sample.token(id, of: emsp.id), id, from: emsp, to: cpo)
        },
        Check(81) { rig in
            let id = Sample.id("TAR")
            let reply = try await rig.cpo.send(
                .put, .tariffs, .receiver, Sample.path(rig.cpo.id, id), to: rig.otherEMSP.id, body: Sample.tariff(id, of: rig.cpo.id))
            try reply.expect(codeIn: [2000, 2001, 3000, 4000, 4001])
            try require(rig.otherEMSP.arrivals(of: reply).isEmpty, "a party without the tariffs module was called for it")
        },
        Check(82) { rig in
            let uid = Sample.id("UID")
            let query = "type=AD_HOC_USER&empty=&a=%2f%2F&a=+%20&b=1:2/3?4&c"
            let reply = try await rig.emsp.send(
                .put, .tokens, .receiver, Sample.path(rig.emsp.id, uid), query: query, to: rig.cpo.id,
                body: Sample.token(uid, of: rig.emsp.id, type: "AD_HOC_USER"))
            try same("the query", try await rig.cpo.arrival(of: reply).query, query)
        },
    ]

    /// The hub may judge what is wrong in the object or leave it to the recipient; it must not mend it.
    private static func passesOrRefuses(_ rig: Rig, path: String, body: JSONValue) async throws {
        let reply = try await rig.cpo.send(.put, .locations, .receiver, path, to: rig.emsp.id, body: body)
        if reply.code == 1000 {
            let request = try await rig.emsp.arrival(of: reply)
            try same("the path", request.rest, path)
            try same("the body", request.body, body.encoded())
        } else {
            try require(reply.status == 404 || reply.code == 2001, "\(reply.line): neither passed on nor refused with 404 or 2001")
            try require(rig.emsp.arrivals(of: reply).isEmpty, "a request that was refused was passed on as well")
        }
    }

    private static func arrivesWithItsOwner(
        _ module: ModuleID, _ object: JSONValue, _ id: String, from: Party, to: Party
    ) async throws {
        let reply = try await from.send(.put, module, .receiver, Sample.path(from.id, id), to: to.id, body: object)
        let request = try await to.arrival(of: reply)
        try same("the path of \(module)", request.rest, Sample.path(from.id, id))
        try same("country_code of \(module)", request.json?["country_code"]?.string, from.id.country)
        try same("party_id of \(module)", request.json?["party_id"]?.string, from.id.party)
        try reply.expectSuccess()
    }
}
