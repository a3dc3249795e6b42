import Encoding
import NIOCore
import OCPI
import TestParties

// Requirements 140 to 146: requests with an immediate answer and a later result at a `response_url`.
extension ModuleChecks {
    static let answeredLater: [Check] = [
        Check(140) { environment in
            let accepted = #"{"status_code":1000,"data":{"result":"ACCEPTED","timeout":30},"timestamp":"2024-02-29T23:59:58Z"}"#
            environment.cpo.script { $0.interface == nil ? nil : ServerAnswer(text: accepted) }
            let command = try await start(environment)
            try same("the CommandResponse", command.reply.text, accepted)
            let request = try await environment.cpo.arrival(of: command.reply)
            try same("the command", request.rest, "START_SESSION")
            let url = try require(request.json?["response_url"]?.string, "the command has no response_url")
            let result = try await environment.cpo.call(.post, url, to: environment.emsp.id, body: ["result": "ACCEPTED"]).expectSuccess()
            let arrived = try await environment.emsp.arrival(of: result)
            try same("the URL of the result", environment.emsp.base + arrived.target, command.responseURL)
        },
        Check(141) { environment in
            // A URL of the maximum length in OCPI, with characters that are often encoded wrongly.
            let short = environment.emsp.url(.commands, .sender) + "/a%20b?x=%2F&y=1+2&z="
            let responseURL = short + String(repeating: "z", count: max(0, 255 - short.utf8.count))
            let command = try await start(environment, responseURL)
            let url = try require(
                try await environment.cpo.arrival(of: command.reply).json?["response_url"]?.string, "the command has no response_url")
            try PaginationChecks.isOfTheHub(url, environment)

            let answer = #"{"status_code":2000,"status_message":"noted too late","timestamp":"2024-02-29T23:59:58Z"}"#
            environment.emsp.script { $0.interface == nil ? nil : ServerAnswer(text: answer) }
            let text = "{ \"result\":\"EVSE_INOPERATIVE\",\"message\":[{\"language\":\"de\",\"text\":\"ä\\u00e4\"}] }"
            let result = try await environment.cpo.call(.post, url, to: environment.emsp.id, text: text)
            let request = try await environment.emsp.arrival(of: result)
            try same("the URL of the result", environment.emsp.base + request.target, responseURL)
            try same("the body of the result", request.text, text)
            try same("OCPI-to of the result", request.to, environment.emsp.id)
            try same("OCPI-from of the result", request.from, environment.cpo.id)
            try require(request.isAuthorized, "the result has no valid token")
            try same("the answer to the result", result.text, answer)
            try require(
                (try await environment.otherCPO.call(.post, url, to: environment.emsp.id, body: ["result": "ACCEPTED"]).code ?? 0) >= 2000,
                "another party could use the response_url")
        },
        Check(142) { environment in
            let command = try await start(environment, name: "RESERVE_NOW")
            let url = try require(
                try await environment.cpo.arrival(of: command.reply).json?["response_url"]?.string, "the command has no response_url")
            for result in ["ACCEPTED", "CANCELED_RESERVATION", "CANCELED_RESERVATION"] {
                let reply = try await environment.cpo.call(.post, url, to: environment.emsp.id, body: ["result": .string(result)])
                    .expectSuccess()
                try same("the result", try await environment.emsp.arrival(of: reply).json?["result"]?.string, result)
            }
        },
        Check(143) { environment in
            // The result is late from the start.
            environment.cpo.script { $0.interface?.module == .commands ? .success(["result": "ACCEPTED", "timeout": 0]) : nil }
            let command = try await start(environment)
            let url = try require(
                try await environment.cpo.arrival(of: command.reply).json?["response_url"]?.string, "the command has no response_url")
            environment.emsp.script { $0.interface?.module == .commands ? .hangUp : nil }
            let late = try await environment.cpo.call(.post, url, to: environment.emsp.id, body: ["result": "ACCEPTED"])
            try late.expect(codeIn: [4000, 4002, 4003])
            try await arrivedOnce(late, at: environment.emsp, environment)
        },
        Check(144, chargingProfiles),
        Check(145) { environment in
            let id = Sample.id("SES")
            let profile: JSONValue = [
                "start_date_time": "2024-02-29T22:00:00Z",
                "charging_profile": [
                    "charging_rate_unit": "W", "charging_profile_period": [["start_period": 0, "limit": .number("11000.0")]],
                ],
            ]
            let reply = try await environment.cpo.send(.put, .chargingprofiles, .sender, id, to: environment.emsp.id, body: profile)
                .expectSuccess()
            let request = try await environment.emsp.arrival(of: reply)
            try same("the method", request.method, .put)
            try same("the interface", request.interface, Interface(.chargingprofiles, .sender))
            try same("the path", request.rest, id)
            try same("the body", request.body, profile.encoded())
        },
        Check(146) { environment in
            let put = try await environment.cpo.send(
                .put, .chargingprofiles, .sender, Sample.id("SES"), to: environment.emsp.id,
                body: ["start_date_time": "2024-02-29T22:00:00Z", "charging_profile": ["charging_rate_unit": "A"]])
            try require(try put.expectSuccess().data == nil, "the answer to a PUT has data")
            let id = Sample.id("SES")
            let query = "duration=900&response_url=" + PercentText.encoded(environment.emsp.url(.chargingprofiles, .sender) + "/result")
            let asked = try await environment.emsp.send(.get, .chargingprofiles, .receiver, id, query: query, to: environment.cpo.id)
                .expectSuccess()
            let url = try require(
                try await environment.cpo.arrival(of: asked).parameter("response_url"), "the recipient got no response_url")
            let result = try await environment.cpo.call(.post, url, to: environment.emsp.id, body: ["result": "REJECTED"]).expectSuccess()
            try require(result.data == nil, "the answer to a result has data")
        },
    ]

    /// GET, PUT and DELETE, each with a `response_url` that needs encoding, and a result sent to it.
    @Sendable private static func chargingProfiles(_ environment: TestEnvironment) async throws {
        let own = environment.emsp.url(.chargingprofiles, .sender) + "/done?for=a%20b&and=c%2Fd"
        let body: JSONValue = ["charging_profile": ["charging_rate_unit": "W"], "response_url": .string(own)]
        for method in [OCPI.Method.get, .put, .delete] {
            let id = Sample.id("SES")
            let query =
                switch method {
                case .get: "duration=900&response_url=" + PercentText.encoded(own)
                case .delete: "response_url=" + PercentText.encoded(own)
                default: nil as String?
                }
            let reply = try await environment.emsp.send(
                method, .chargingprofiles, .receiver, id, query: query, to: environment.cpo.id, body: method == .put ? body : nil
            ).expectSuccess()
            let request = try await environment.cpo.arrival(of: reply)
            try same("the path of \(method)", request.rest, id)
            if method == .get { try same("duration", request.parameter("duration"), "900") }
            let found = method == .put ? request.json?["response_url"]?.string : request.parameter("response_url")
            let url = try require(found, "the recipient of \(method) got no response_url")
            try PaginationChecks.isOfTheHub(url, environment)
            let result = try await environment.cpo.call(.post, url, to: environment.emsp.id, body: ["result": "ACCEPTED"]).expectSuccess()
            try same(
                "the URL of the result of \(method)", environment.emsp.base + (try await environment.emsp.arrival(of: result)).target, own)
        }
    }

    /// Sends a command of `environment.emsp` to `environment.cpo`.
    private static func start(
        _ environment: TestEnvironment, _ url: String? = nil, name: String = "START_SESSION"
    ) async throws -> (reply: CallAnswer, responseURL: String) {
        let responseURL = url ?? environment.emsp.url(.commands, .sender) + "/" + Sample.id("result")
        var members = Sample.startSession(responseURL, of: environment.emsp.id).members ?? []
        if name == "RESERVE_NOW" {
            members.append(JSONMember(name: "reservation_id", value: .string(Sample.id("RES"))))
            members.append(JSONMember(name: "expiry_date", value: "2030-01-01T00:00:00Z"))
        }
        let reply = try await environment.emsp.send(.post, .commands, .receiver, name, to: environment.cpo.id, body: .object(members))
        return (try reply.expectSuccess(), responseURL)
    }
}
