import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 76 to 82: what the hub must pass on unchanged.
enum RelayChecks {
    static let all: [Check] = [
        Check(76) { environment in
            let notFound = #"{"status_code":2001,"status_message":"no such session","timestamp":"2024-02-29T23:59:58Z"}"#
            let answers: [(status: Int, type: String, text: String)] = [
                (404, "application/json", notFound),
                (200, "application/json", #"{"status_code":3000, "x" : [ 1.0 ],"timestamp":"2024-02-29T23:59:58Z"}"#),
                (201, "application/json", #"{"status_code":1000,"timestamp":"2024-02-29T23:59:58Z"}"#),
                (200, "application/json", #"{"no":"envelope"}"#), (502, "text/html", "<html>Bad Gateway</html>"),
            ]
            for answer in answers {
                environment.emsp.script { request in
                    request.interface == nil
                        ? nil : ServerAnswer(answer.status, headers: [("Content-Type", answer.type)], text: answer.text)
                }
                let id = Sample.id("SES")
                let reply = try await environment.cpo.send(
                    .put, .sessions, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id,
                    body: Sample.session(id, of: environment.cpo.id, driver: environment.emsp.id))
                try await environment.emsp.arrival(of: reply)
                try reply.expect(http: answer.status)
                try same("the body of the answer", reply.text, answer.text)
            }
        },
        Check(77) { environment in
            // In a spelling that the hub would not choose.
            let path = "de/cPa/\(Sample.id("loc"))"
            let body = Sample.location("any", of: environment.cpo.id)
            let direct = try await environment.cpo.send(.put, .locations, .receiver, path, to: environment.emsp.id, body: body)
            try same("the path of a push", try await environment.emsp.arrival(of: direct).rest, path)
            let broadcast = try await environment.cpo.send(.put, .locations, .receiver, path, to: environment.hub.party, body: body)
            try same("the path of a broadcast", try await environment.emsp.arrival(of: broadcast).rest, path)
        },
        Check(78) { environment in
            let id = Sample.id("LOC")
            try await passesOrRefuses(
                environment, path: Sample.path(environment.otherCPO.id, id), body: Sample.location(id, of: environment.otherCPO.id))
        },
        Check(79) { environment in
            try await passesOrRefuses(
                environment, path: Sample.path(environment.cpo.id, Sample.id("LOC")),
                body: Sample.location(Sample.id("LOC"), of: environment.cpo.id))
        },
        Check(80) { environment in
            let id = Sample.id("ID")
            let (cpo, emsp) = (environment.cpo, environment.emsp)
            try await arrivesWithItsOwner(.locations, Sample.location(id, of: cpo.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.sessions, Sample.session(id, of: cpo.id, driver: emsp.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.tariffs, Sample.tariff(id, of: cpo.id), id, from: cpo, to: emsp)
            try await arrivesWithItsOwner(.tokens, Sample.token(id, of: emsp.id), id, from: emsp, to: cpo)
        },
        Check(81) { environment in
            let id = Sample.id("TAR")
            let reply = try await environment.cpo.send(
                .put, .tariffs, .receiver, Sample.path(environment.cpo.id, id), to: environment.otherEMSP.id,
                body: Sample.tariff(id, of: environment.cpo.id))
            try reply.expect(codeIn: [2000, 2001, 3000, 4000, 4001])
            try require(environment.otherEMSP.arrivals(of: reply).isEmpty, "a party without the tariffs module was called for it")
        },
        Check(82) { environment in
            let uid = Sample.id("UID")
            let query = "type=AD_HOC_USER&empty=&a=%2f%2F&a=+%20&b=1:2/3?4&c"
            let reply = try await environment.emsp.send(
                .put, .tokens, .receiver, Sample.path(environment.emsp.id, uid), query: query, to: environment.cpo.id,
                body: Sample.token(uid, of: environment.emsp.id, type: "AD_HOC_USER"))
            try same("the query", try await environment.cpo.arrival(of: reply).query, query)
        },
    ]

    /// The hub may reject the error in the object or leave that to the recipient; it must not correct the object.
    private static func passesOrRefuses(_ environment: TestEnvironment, path: String, body: JSONValue) async throws {
        let reply = try await environment.cpo.send(.put, .locations, .receiver, path, to: environment.emsp.id, body: body)
        if reply.code == 1000 {
            let request = try await environment.emsp.arrival(of: reply)
            try same("the path", request.rest, path)
            try same("the body", request.body, body.encoded())
        } else {
            try require(reply.status == 404 || reply.code == 2001, "\(reply.request.line): neither passed on nor refused with 404 or 2001")
            try require(environment.emsp.arrivals(of: reply).isEmpty, "a request that was refused was passed on as well")
        }
    }

    private static func arrivesWithItsOwner(
        _ module: ModuleID, _ object: JSONValue, _ id: String, from: ConformanceParty, to: ConformanceParty
    ) async throws {
        let reply = try await from.send(.put, module, .receiver, Sample.path(from.id, id), to: to.id, body: object)
        let request = try await to.arrival(of: reply)
        try same("the path of \(module)", request.rest, Sample.path(from.id, id))
        try same("country_code of \(module)", request.json?["country_code"]?.string, from.id.country)
        try same("party_id of \(module)", request.json?["party_id"]?.string, from.id.party)
        try reply.expectSuccess()
    }
}
