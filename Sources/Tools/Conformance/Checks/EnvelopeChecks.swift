import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 13 to 29: envelopes, statuses, values.
enum EnvelopeChecks {
    static let all: [Check] = [
        Check(13) { environment in
            for reply in try await answers(of: environment) { try checkEnvelope(reply) }
        },
        Check(14) { environment in
            let errors = try await answers(of: environment).filter { $0.status >= 400 }
            try require(errors.count >= 4, "only \(errors.count) of the refusals had an HTTP error")
            for reply in errors { try checkEnvelope(reply) }
        },
        Check(15, timestamps),
        Check(16) { environment in
            let path = Sample.path(environment.cpo.id, Sample.id("LOC"))
            for text in ["{\"id\":", "not json", "{\"a\":1}{", "{\"a\":\"\u{1}\"}"] {
                let reply = try await environment.cpo.send(.put, .locations, .receiver, path, to: environment.emsp.id, text: text)
                try reply.expect(http: 400)
                try require(environment.emsp.arrivals(of: reply).isEmpty, "the broken body was forwarded")
            }
            try await environment.cpo.configure(.put, try environment.cpo.credentialsURL(), text: "{\"token\":").expect(http: 400)
        },
        Check(17, noHTTPErrors),
        Check(18) { environment in
            let url = try await environment.emsp.detailsURL(of: environment.hub.version)
            try await environment.emsp.configure(.get, URLJoin.join(url, "nosuchmodule", query: nil)).expect(http: 404)
            environment.emsp.script { $0.interface == nil ? nil : .failure(2003, status: 404, "no such location") }
            let reply = try await environment.cpo.send(
                .get, .locations, .receiver, Sample.path(environment.cpo.id, Sample.id("LOC")), to: environment.emsp.id)
            try reply.expect(http: 404)
        },
        Check(19) { environment in
            for status in [200, 201] {
                environment.emsp.script { $0.interface == nil ? nil : .success(status: status) }
                let id = Sample.id("LOC")
                let reply = try await environment.cpo.send(
                    .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id,
                    body: Sample.location(id, of: environment.cpo.id))
                try reply.expect(http: status).expect(code: 1000)
            }
        },
        Check(20, created),
        Check(21) { environment in
            for reply in try await answers(of: environment) {
                guard let code = reply.code else { continue }
                try require(code % 1000 < 900, "\(reply.request.line): status \(code) is of a custom range")
            }
        },
        Check(22, unspecifiedData),
        Check(23) { environment in
            let id = Sample.id("LOC")
            let body = String(Sample.location(id, of: environment.cpo.id).text.dropLast()) + #","x_unknown":{"deep":[1,{"er":null}]}}"#
            try await relayed(environment, id, body)
        },
        Check(24, bytes),
        Check(25) { environment in
            let id = Sample.id("LOC")
            let body =
                String(Sample.location(id, of: environment.cpo.id).text.dropLast())
                + #","facilities":["TELEPORTER"],"parking_type":"ORBIT","evses":[{"uid":"1","status":"HAUNTED","connectors":[],"#
                + #""capabilities":["MIND_READING"],"last_updated":"2024-01-01T00:00:00Z"}]}"#
            try await relayed(environment, id, body)
        },
        Check(26, partyCase),
        Check(27) { environment in
            let id = Sample.id("LOC")
            let body = Sample.location(id, of: environment.cpo.id).text.replacingFirst("Teststraße 1", with: "#NA")
            try await relayed(environment, id, body)
        },
        Check(28) { environment in
            for data in ["", #""data":null,"#, #""data":[],"#] {
                let text = #"{"status_code":1000,"# + data + #""timestamp":"2024-01-01T00:00:00Z"}"#
                environment.cpo.script { $0.interface == nil ? nil : ServerAnswer(headers: [(OCPIHeader.totalCount, "0")], text: text) }
                let reply = try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id)
                try reply.expect(http: 200).expect(code: 1000)
                try require((reply.data?.array ?? []).isEmpty, "an empty list arrived as \(reply.text)")
            }
        },
        Check(29, lengths),
    ]

    /// Answers to various requests, most of them errors.
    private static func answers(of environment: TestEnvironment) async throws -> [CallAnswer] {
        let (cpo, emsp) = (environment.cpo, environment.emsp)
        let details = try await emsp.detailsURL(of: environment.hub.version)
        let id = Sample.id("LOC")
        let location = Sample.location(id, of: cpo.id)
        let path = Sample.path(cpo.id, id)
        return [
            try await emsp.configure(.get, environment.hub.versionsURL),
            try await emsp.configure(.get, details),
            try await emsp.configure(.get, try emsp.credentialsURL()),
            try await emsp.configure(.get, environment.hub.versionsURL, omitting: [OCPIHeader.authorization]),
            try await emsp.configure(.get, environment.hub.versionsURL, token: Token.generate()),
            try await emsp.configure(.get, URLJoin.join(details, "nosuchmodule", query: nil)),
            try await emsp.configure(.patch, try emsp.credentialsURL(), body: [:]),
            try await cpo.send(.put, .locations, .receiver, path, to: emsp.id, body: location),
            try await cpo.send(.put, .locations, .receiver, path, to: emsp.id, text: "{"),
            try await cpo.send(.put, .locations, .receiver, path, to: environment.participants.unknown, body: location),
            try await cpo.send(.put, .locations, .receiver, path, to: environment.participants.absent, body: location),
            try await cpo.send(.put, .locations, .receiver, path, to: emsp.id, body: location, omitting: [OCPIHeader.toParty]),
            try await cpo.send(.get, .locations, .sender, to: emsp.id, from: emsp.id),
            try await cpo.send(.delete, .locations, .receiver, path, to: emsp.id),
        ]
    }

    private static func checkEnvelope(_ reply: CallAnswer) throws {
        let type = reply.header("Content-Type") ?? "missing"
        try require(type.lowercased().hasPrefix("application/json"), "\(reply.request.line): Content-Type is \(type)")
        try require(reply.json?.members != nil, "\(reply.request.line): HTTP \(reply.status) without a JSON object")
        try require(reply.code != nil, "\(reply.request.line): HTTP \(reply.status) without status_code")
        try checkTimestamp(try require(reply.json?["timestamp"]?.string, "\(reply.request.line): no timestamp"), reply.request.line)
        if let message = reply.json?["status_message"], !message.isNull {
            try require(message.string != nil, "\(reply.request.line): status_message is no string")
        }
    }

    static func checkTimestamp(_ text: String, _ place: String) throws {
        try require(text.count <= 25, "\(place): \(text) has more than 25 characters")
        let time = text.split(separator: "T").last ?? ""
        try require(
            Timestamp(rfc3339: text) != nil && !time.contains("+") && !time.contains("-"), "\(place): \(text) is no OCPI DateTime in UTC")
    }

    private static func timestamps(_ environment: TestEnvironment) async throws {
        for reply in try await answers(of: environment) {
            if let text = reply.json?["timestamp"]?.string { try checkTimestamp(text, reply.request.line) }
        }
        guard let url = try? environment.emsp.endpoint(.hubclientinfo, .sender) else { return }
        for date in ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00.123"] {
            let reply = try await environment.emsp.configure(.get, url + "?date_from=\(date)").expect(http: 200).expect(code: 1000)
            for entry in reply.data?.array ?? [] {
                try checkTimestamp(try require(entry["last_updated"]?.string, "ClientInfo without last_updated"), "ClientInfo")
            }
        }
    }

    private static func noHTTPErrors(_ environment: TestEnvironment) async throws {
        let id = Sample.id("LOC")
        let (path, body) = (Sample.path(environment.cpo.id, id), Sample.location(id, of: environment.cpo.id))
        for to in [environment.participants.unknown, environment.participants.absent] {
            try await environment.cpo.send(.put, .locations, .receiver, path, to: to, body: body).expect(http: 200)
        }
        try await environment.cpo.send(
            .put, .locations, .receiver, path, to: environment.emsp.id, body: body, omitting: [OCPIHeader.toParty]
        )
        .expect(http: 200)
        // Valid JSON, but no credentials object.
        let reply = try await environment.cpo.configure(.put, try environment.cpo.credentialsURL(), body: ["token": 1])
        try reply.expect(http: 200)
        try require(reply.code.map { 2000..<3000 ~= $0 } == true, "a broken credentials object was answered with \(reply.code ?? 0)")
    }

    private static func created(_ environment: TestEnvironment) async throws {
        let own = environment.emsp.url(.cdrs, .receiver) + "/" + Sample.id("PLACE")
        environment.emsp.script { request in
            request.method == .post ? .success(status: 201, headers: [(OCPIHeader.location, own)]) : nil
        }
        let body = Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.emsp.id)
        let reply = try await environment.cpo.send(.post, .cdrs, .receiver, to: environment.emsp.id, body: body)
        try reply.expect(http: 201).expect(code: 1000)
        let location = try require(reply.header(OCPIHeader.location), "Location is missing behind a 201")
        try require(location != own, "Location behind a 201 leads past the hub")
        try same("the number of attempts", environment.emsp.arrivals(of: reply).count, 1)
    }

    private static func unspecifiedData(_ environment: TestEnvironment) async throws {
        for data in ["", #""data":null,"#, #""data":{"any":["thing"]},"#, #""data":"text","#] {
            let text = #"{"status_code":1000,"# + data + #""timestamp":"2024-01-01T00:00:00Z"}"#
            environment.emsp.script { $0.interface == nil ? nil : ServerAnswer(text: text) }
            let id = Sample.id("LOC")
            let reply = try await environment.cpo.send(
                .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id,
                body: Sample.location(id, of: environment.cpo.id))
            try reply.expect(http: 200).expect(code: 1000)
        }
        try await environment.withSpare { spare in
            let reply = try await spare.configure(.delete, try spare.credentialsURL())
            try reply.expect(code: 1000)
            try require(reply.data == nil || reply.data?.isNull == true, "DELETE credentials was answered with data")
        }
    }

    /// Sends this text as a location and compares what arrives.
    private static func relayed(_ environment: TestEnvironment, _ id: String, _ text: String) async throws {
        let reply = try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id, text: text)
        try reply.expectSuccess()
        try same("the body at the recipient", try await environment.emsp.arrival(of: reply).text, text)
    }

    private static func bytes(_ environment: TestEnvironment) async throws {
        let id = Sample.id("LOC")
        let odd =
            "{ \"id\":\"\(id)\" ,\r\n\t\"b\" : 1.10, \"a\":1e2, \"n\" :null, \"neg\":-0.0, \"big\":12345678901234567890,"
            + "\"u\":\"\\u00e9é\\/ \u{1F50C}\", \"empty\":[ ], \"publish\" :true }\n"
        try await relayed(environment, id, odd)
        environment.emsp.script {
            $0.interface == nil ? nil : ServerAnswer(text: #"{ "data" : \#(odd) ,"status_code":1000, "timestamp":"2024-01-01T00:00:00" }"#)
        }
        let reply = try await environment.cpo.send(
            .get, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id)
        try same("the answer at the requester", reply.text, #"{ "data" : \#(odd) ,"status_code":1000, "timestamp":"2024-01-01T00:00:00" }"#)
    }

    private static func partyCase(_ environment: TestEnvironment) async throws {
        let id = Sample.id("LOC")
        let body = Sample.location(id, of: environment.cpo.id)
        let headers = [
            (OCPIHeader.fromCountry, environment.cpo.id.country.lowercased()),
            (OCPIHeader.fromParty, environment.cpo.id.party.lowercased()),
            (OCPIHeader.toCountry, environment.emsp.id.country.lowercased()), (OCPIHeader.toParty, environment.emsp.id.party.lowercased()),
        ]
        for path in [Sample.path(environment.cpo.id, id), Sample.path(environment.cpo.id, id).lowercased()] {
            let reply = try await environment.cpo.send(
                .put, .locations, .receiver, path, to: environment.emsp.id, body: body, headers: headers)
            try reply.expectSuccess()
            try same("OCPI-to at the recipient", try await environment.emsp.arrival(of: reply).to, environment.emsp.id)
            try same("OCPI-from of the answer", reply.from, environment.emsp.id)
        }
    }

    private static func lengths(_ environment: TestEnvironment) async throws {
        func check(_ url: String?, _ what: String) throws {
            let url = try require(url, "\(what) is missing")
            try require(url.utf8.count <= 255, "\(what) has \(url.utf8.count) characters")
        }
        let details = try await environment.emsp.discover()
        for endpoint in details["endpoints"]?.array ?? [] { try check(endpoint["url"]?.string, "the URL of an endpoint") }
        let credentials = try await environment.emsp.configure(.get, try environment.emsp.credentialsURL())
        try check(credentials.data?["url"]?.string, "the url in credentials")

        let long = String(repeating: "x", count: 120)
        let responseURL = environment.emsp.url(.commands, .sender) + "/START_SESSION/" + long
        let command = try await environment.emsp.send(
            .post, .commands, .receiver, "START_SESSION", to: environment.cpo.id,
            body: Sample.startSession(responseURL, of: environment.emsp.id))
        try command.expectSuccess()
        try check(try await environment.cpo.arrival(of: command).json?["response_url"]?.string, "response_url")

        let next = environment.cpo.url(.locations, .sender) + "?offset=1&limit=1&cursor=" + long
        environment.cpo.script { $0.interface == nil ? nil : .page([], total: 2, limit: 1, next: next) }
        try check(try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id).nextPage, "the URL in Link")

        let location = environment.emsp.url(.cdrs, .receiver) + "/" + long
        environment.emsp.script { $0.interface == nil ? nil : .success(headers: [(OCPIHeader.location, location)]) }
        let cdr = Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.emsp.id)
        try check(
            try await environment.cpo.send(.post, .cdrs, .receiver, to: environment.emsp.id, body: cdr).header(OCPIHeader.location),
            "Location")
    }
}

extension String {
    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
