import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 131 to 151: rules of the modules that a hub must not break.
enum ModuleChecks {
    static let all: [Check] = objects + answeredLater

    /// Checks of objects and their methods. `answeredLater` has the rest.
    private static let objects: [Check] = [
        Check(131) { environment in
            // Either the hub detects it, or the recipient, whose answer the hub passes on.
            for (from, to, module) in [
                (environment.cpo, environment.emsp, ModuleID.locations), (environment.cpo, environment.emsp, .sessions),
                (environment.emsp, environment.cpo, .tokens),
            ] {
                to.script { request in
                    guard request.method == .patch, request.json?["last_updated"] == nil else { return nil }
                    return .failure(2001, "last_updated is missing")
                }
                let path = Sample.path(from.id, Sample.id("ID"))
                try await from.send(.patch, module, .receiver, path, to: to.id, body: ["status": "x"]).expect(code: 2001)
                let complete: JSONValue = ["status": "x", "last_updated": .string(Sample.lastUpdated)]
                try await from.send(.patch, module, .receiver, path, to: to.id, body: complete).expectSuccess()
            }
        },
        Check(132) { environment in
            let path = Sample.path(environment.cpo.id, Sample.id("LOC"))
            let spelled = "{ \"name\" : null,\"x_unknown\":{\"b\":1.0,\"a\":1},\n \"last_updated\":\"\(Sample.lastUpdated)\", \"x\":[]}"
            for method in [OCPI.Method.put, .patch, .put] {
                let reply = try await environment.cpo.send(method, .locations, .receiver, path, to: environment.emsp.id, text: spelled)
                try same("the body of \(method)", try await environment.emsp.arrival(of: reply).text, spelled)
                let broadcast = try await environment.cpo.send(
                    method, .locations, .receiver, path, to: environment.hub.party, text: spelled)
                try same("the body of \(method) as a broadcast", try await environment.emsp.arrival(of: broadcast).text, spelled)
            }
        },
        Check(133) { environment in
            let path = Sample.path(environment.cpo.id, Sample.id("SES"), "charging_periods", "1")
            let reply = try await environment.cpo.send(
                .patch, .sessions, .receiver, path, to: environment.emsp.id, body: ["last_updated": .string(Sample.lastUpdated)])
            try isRefused(reply, at: environment.emsp)
        },
        Check(134) { environment in
            let period: JSONValue = [
                "start_date_time": "2024-02-29T22:30:00Z", "dimensions": [["type": "ENERGY", "volume": .number("0.50")]],
            ]
            let change: JSONValue = ["charging_periods": [period], "last_updated": .string(Sample.lastUpdated)]
            let path = Sample.path(environment.cpo.id, Sample.id("SES"))
            let reply = try await environment.cpo.send(.patch, .sessions, .receiver, path, to: environment.emsp.id, body: change)
                .expectSuccess()
            try same("the body", try await environment.emsp.arrival(of: reply).body, change.encoded())
            // A second delivery would append two periods.
            try await arrivedOnce(reply, at: environment.emsp, environment)
        },
        Check(135) { environment in
            let id = Sample.id("SES")
            let path = Sample.path(environment.cpo.id, id)
            var full = Sample.session(id, of: environment.cpo.id, driver: environment.emsp.id).members ?? []
            full.append(JSONMember(name: "charging_periods", value: [["start_date_time": "2024-02-29T22:30:00Z", "dimensions": []]]))
            let first = try await environment.cpo.send(.put, .sessions, .receiver, path, to: environment.emsp.id, body: .object(full))
            try same("the body", try await environment.emsp.arrival(of: first).json, .object(full))
            let bare = Sample.session(id, of: environment.cpo.id, driver: environment.emsp.id)
            let second = try await environment.cpo.send(.put, .sessions, .receiver, path, to: environment.emsp.id, body: bare)
            try same("the body without charging_periods", try await environment.emsp.arrival(of: second).json, bare)
        },
        Check(136) { environment in
            environment.emsp.script { $0.method == .patch ? .failure(2003, status: 404, "no such session") : nil }
            let path = Sample.path(environment.cpo.id, Sample.id("SES"))
            let change: JSONValue = ["kwh": .number("2"), "last_updated": .string(Sample.lastUpdated)]
            let reply = try await environment.cpo.send(.patch, .sessions, .receiver, path, to: environment.emsp.id, body: change)
            try reply.expect(http: 404).expect(code: 2003)
            try await arrivedOnce(reply, at: environment.emsp, environment)
            let others = environment.emsp.received.entries.filter { $0.rest == path && $0.method != .patch }
            try require(others.isEmpty, "the hub tried to repair what a PATCH could not change")
        },
        Check(137) { environment in
            let reply = try await cdr(environment).expectSuccess()
            try require(reply.header(OCPIHeader.location) != nil, "the answer has no Location")
            environment.emsp.script { [url = environment.emsp.url(.cdrs, .receiver)] in
                $0.method == .post ? .success(status: 201, headers: [(OCPIHeader.location, url + "/1")]) : nil
            }
            let created = try await cdr(environment).expect(http: 201).expectSuccess()
            try require(created.header(OCPIHeader.location) != nil, "an answer with HTTP 201 loses its Location")
        },
        Check(138, location),
        Check(139) { environment in
            let id = Sample.id("CDR")
            for method in [OCPI.Method.put, .patch, .delete] {
                let reply = try await environment.cpo.send(
                    method, .cdrs, .receiver, id, to: environment.emsp.id,
                    body: method == .delete ? nil : Sample.cdr(id, of: environment.cpo.id, driver: environment.emsp.id))
                try isRefused(reply, at: environment.emsp)
            }
            let credit = Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.emsp.id, credits: id)
            let reply = try await environment.cpo.send(.post, .cdrs, .receiver, to: environment.emsp.id, body: credit).expectSuccess()
            try same("the credit CDR", try await environment.emsp.arrival(of: reply).json, credit)
        },
        Check(147, authorize),
        Check(148) { environment in
            let uid = Sample.id("UID")
            let path = Sample.path(environment.emsp.id, uid)
            for query in [nil, "type=RFID", "type=APP_USER", "type=AD_HOC_USER", "type=EMAID"] {
                for method in [OCPI.Method.put, .get] {
                    let body = method == .put ? Sample.token(uid, of: environment.emsp.id) : nil
                    let reply = try await environment.emsp.send(
                        method, .tokens, .receiver, path, query: query, to: environment.cpo.id, body: body)
                    let request = try await environment.cpo.arrival(of: reply.expectSuccess())
                    try same("the path", request.rest, path)
                    // The recipient takes a missing type as RFID; a hub must not add one.
                    try require(
                        request.query == query || (query == nil && request.query == "type=RFID"),
                        "type became \(request.query ?? "nothing")")
                }
            }
        },
        Check(149) { environment in
            let path = Sample.id("SES") + "/charging_preferences"
            let preferences: JSONValue = ["profile_type": "GREEN", "departure_time": "2024-03-01T06:00:00Z"]
            let reply = try await environment.emsp.send(.put, .sessions, .sender, path, to: environment.cpo.id, body: preferences)
                .expectSuccess()
            let request = try await environment.cpo.arrival(of: reply)
            try same("the path", request.rest, path)
            try same("the interface", request.interface, Interface(.sessions, .sender))
            try same("the body", request.json, preferences)
            try same("data of the answer", reply.data, "ACCEPTED")
        },
        Check(150) { environment in
            let id = Sample.id("TAR")
            let path = Sample.path(environment.cpo.id, id)
            let patch = try await environment.cpo.send(
                .patch, .tariffs, .receiver, path, to: environment.emsp.id, body: ["last_updated": .string(Sample.lastUpdated)])
            try isRefused(patch, at: environment.emsp)
            let put = try await environment.cpo.send(
                .put, .tariffs, .receiver, path, to: environment.emsp.id, body: Sample.tariff(id, of: environment.cpo.id))
            try same("the method", try await environment.emsp.arrival(of: put.expectSuccess()).method, .put)
            let delete = try await environment.cpo.send(.delete, .tariffs, .receiver, path, to: environment.emsp.id).expectSuccess()
            try same("the method", try await environment.emsp.arrival(of: delete).method, .delete)
        },
        Check(151) { environment in
            await environment.emsp.stop()
            let missed = try await push(environment)
            try missed.expect(codeIn: [4000, 4002, 4003])
            try await environment.emsp.start()
            // The hub may first have to notice that the party is reachable again.
            try await environment.emsp.configure(.get, environment.hub.versionsURL).expectSuccess()
            try await environment.eventually("\(environment.emsp.id) can be reached again") { try await push(environment).code == 1000 }
            try require(
                environment.emsp.arrivals(of: missed).isEmpty, "a push that was answered with \(missed.code ?? 0) was delivered later")
        },
    ]

    @Sendable private static func location(_ environment: TestEnvironment) async throws {
        let url = try require(try await cdr(environment).expectSuccess().header(OCPIHeader.location), "the answer has no Location")
        try PaginationChecks.isOfTheHub(url, environment)
        let object = Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.emsp.id)
        environment.emsp.script { $0.method == .get && $0.interface?.module == .cdrs ? .success(object) : nil }
        let reply = try await environment.cpo.call(.get, url, to: environment.emsp.id).expectSuccess()
        try same("the CDR at Location", reply.data, object)
        try same("OCPI-from at the recipient", try await environment.emsp.arrival(of: reply).from, environment.cpo.id)
        for other in [environment.otherCPO, environment.otherEMSP] {
            let refused = try await other.call(.get, url, to: environment.emsp.id)
            try refused.expect(http: 404)
            try require(environment.emsp.arrivals(of: refused).isEmpty, "\(other.id) reached another party's CDR")
        }
    }

    @Sendable private static func authorize(_ environment: TestEnvironment) async throws {
        let path = Sample.id("UID") + "/authorize"
        let answers: [(http: Int, text: String)] = [
            (
                200,
                #"{"status_code":1000,"data":{"allowed":"ALLOWED","info":{"text":"gute Fahrt"}},"timestamp":"2024-02-29T23:59:58Z"}"#
            ),
            (404, #"{"status_code":2004,"status_message":"unknown token","timestamp":"2024-02-29T23:59:58Z"}"#),
            (200, #"{"status_code":2004,"timestamp":"2024-02-29T23:59:58Z"}"#),
            (200, #"{"status_code":2002,"status_message":"which EVSE?","timestamp":"2024-02-29T23:59:58Z"}"#),
        ]
        for (index, answer) in answers.enumerated() {
            environment.emsp.script { $0.interface == nil ? nil : ServerAnswer(answer.http, text: answer.text) }
            let query = index % 2 == 0 ? "type=APP_USER" : nil
            let body: JSONValue? = index < 2 ? ["location_id": "LOC1", "evse_uids": ["EVSE1"]] : nil
            let reply = try await environment.cpo.send(.post, .tokens, .sender, path, query: query, to: environment.emsp.id, body: body)
            try reply.expect(http: answer.http)
            try same("the answer", reply.text, answer.text)
            let request = try await environment.emsp.arrival(of: reply)
            try same("the path", request.rest, path)
            try same("the query", request.query, query)
            try same("the body", request.body, body?.encoded() ?? ByteBuffer())
        }
    }

    private static func cdr(_ environment: TestEnvironment) async throws -> CallAnswer {
        try await environment.cpo.send(
            .post, .cdrs, .receiver, to: environment.emsp.id,
            body: Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.emsp.id))
    }

    private static func push(_ environment: TestEnvironment) async throws -> CallAnswer {
        let id = Sample.id("LOC")
        return try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id,
            body: Sample.location(id, of: environment.cpo.id))
    }

    /// Checks that the hub answers that there is no such resource or method, and that the recipient got no request.
    private static func isRefused(_ reply: CallAnswer, at recipient: ConformanceParty) throws {
        try require(
            [404, 405].contains(reply.status) || 2000..<3000 ~= reply.code ?? 0,
            "\(reply.request.line): not refused with 404, 405 or OCPI 2xxx")
        try require(recipient.arrivals(of: reply).isEmpty, "\(reply.request.line) was refused and passed on")
    }

    /// Checks that the request arrived exactly once, after a later one has arrived.
    static func arrivedOnce(_ reply: CallAnswer, at recipient: ConformanceParty, _ environment: TestEnvironment) async throws {
        let id = Sample.id("SES")
        let sender = recipient === environment.cpo ? environment.otherCPO : environment.cpo
        let later = try await sender.send(
            .put, .sessions, .receiver, Sample.path(sender.id, id), to: recipient.id,
            body: Sample.session(id, of: sender.id, driver: recipient.id))
        try await recipient.arrival(of: later)
        try same("how often \(reply.request.line) arrived", recipient.arrivals(of: reply).count, 1)
    }
}
