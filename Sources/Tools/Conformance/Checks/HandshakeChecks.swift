import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 40 to 51: how a platform connects and renews.
enum HandshakeChecks {
    static let all: [Check] = [
        Check(40, senderAndReceiver),
        Check(41, callBack),
        Check(42) { environment in
            try await environment.withSpare(registered: false) { spare in
                let tokenA = try await environment.hub.invite(spare.ids)
                try await spare.discover(with: tokenA)
                try await spare.postCredentials(with: tokenA).expect(code: 1000)
                try await spare.configure(.get, environment.hub.versionsURL, token: tokenA).expect(http: 401)
                try await spare.configure(.get, environment.hub.versionsURL).expect(http: 200).expect(code: 1000)
                try await spare.send(.get, .locations, .sender, to: environment.cpo.id).expectSuccess()
            }
        },
        Check(43) { environment in
            try await environment.withSpare(registered: false) { spare in
                spare.script { _ in ServerAnswer(500, text: "broken") }
                try await attempt(spare, environment).expect(code: 3001)
                spare.script { _ in .failure(3000) }
                try await attempt(spare, environment).expect(code: 3001)
                spare.script { _ in ServerAnswer(text: "not JSON") }
                try await attempt(spare, environment).expect(code: 3001)
                spare.script { _ in .hangUp }
                try await attempt(spare, environment).expect(code: 3001)
            }
        },
        Check(44, noTrace),
        Check(45) { environment in
            try await environment.withSpare(registered: false) { spare in
                let list: JSONValue = [["version": "2.1.1", "url": .string(spare.base + "/old")]]
                spare.script { $0.path == "/hello/versions" && $0.isAuthorized ? .success(list) : nil }
                // In 2.2 the reference node of the Open Charging Network answers 3003.
                try await attempt(spare, environment).expect(codeIn: environment.hub.version == .v2_2 ? [3002, 3003] : [3002])
                try require(!spare.received.entries.contains { $0.path == "/old" }, "the hub read the details of version 2.1.1")
            }
        },
        Check(46, missingEndpoints),
        Check(47) { environment in
            let token = try require(environment.emsp.tokenC, "there is no token C")
            try await environment.emsp.configure(
                .post, try environment.emsp.credentialsURL(), body: environment.emsp.credentials, token: token
            ).expect(http: 405)
        },
        Check(48) { environment in
            try await environment.withSpare(registered: false) { spare in
                let tokenA = try await environment.hub.invite(spare.ids)
                try await spare.discover(with: tokenA)
                let url = try spare.credentialsURL()
                try await spare.configure(.put, url, body: spare.credentials, token: tokenA).expect(http: 405)
                try require(!spare.received.entries.contains { $0.interface == nil }, "the hub called back all the same")
            }
        },
        Check(49) { environment in
            try await environment.withSpare(registered: false) { spare in
                let tokenA = try await environment.hub.invite(spare.ids)
                try await spare.discover(with: tokenA)
                try await spare.configure(.delete, try spare.credentialsURL(), token: tokenA).expect(http: 405)
            }
        },
        Check(50, renewal),
        Check(51, otherVersion),
    ]

    /// Registers with a new token A and returns the answer to POST.
    private static func attempt(_ spare: ConformanceParty, _ environment: TestEnvironment) async throws -> CallAnswer {
        let tokenA = try await environment.hub.invite(spare.ids)
        try await spare.discover(with: tokenA)
        let reply = try await spare.postCredentials(with: tokenA)
        if reply.code == 1000 { throw Unmet("the registration succeeded") }
        return reply
    }

    private static func senderAndReceiver(_ environment: TestEnvironment) async throws {
        // As Receiver: every party of the test environment has registered in this way.
        try await environment.emsp.configure(.get, environment.hub.versionsURL).expect(code: 1000)
        try await environment.withSpare(registered: false) { spare in
            guard let started = try await OperatorHandshake.begin(with: spare, environment) else {
                throw Skipped("this hub cannot be told over its admin API to be the Sender")
            }
            try started.expect(http: 200)
            let post = try await spare.arrival("the POST of the hub's credentials") { request in
                request.method == .post && request.path.hasSuffix("/credentials")
            }
            try same("the role the hub gave itself", post.json?["roles"]?.array?.first?["role"]?.string, "HUB")
            try await spare.send(.get, .locations, .sender, to: environment.cpo.id).expectSuccess()
            try await environment.cpo.send(.get, .tokens, .sender, to: spare.id).expectSuccess()
        }
    }

    private static func callBack(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            let tokenA = try await environment.hub.invite(spare.ids)
            try await spare.discover(with: tokenA)
            let reply = try await spare.postCredentials(with: tokenA).expect(code: 1000)
            let calls = spare.received.entries.filter { $0.interface == nil }
            try require(calls.allSatisfy(\.isAuthorized), "the hub called without the token in credentials")
            let paths = calls.map { "\($0.method) \($0.path)" }
            let wanted = ["GET /hello/versions", "GET /hello/" + environment.hub.version.rawValue]
            try same("what was called before the answer", paths, wanted)
            let data = try require(reply.data, "the answer has no data")
            let tokenC = try require(data["token"]?.string, "the answer has no token")
            try require(tokenC != tokenA.raw && tokenC != spare.tokenB.raw, "token C is not a new one")
            try same("the url in the answer", data["url"]?.string.map(URLJoin.trimmed), URLJoin.trimmed(environment.hub.versionsURL))
            try require(data["roles"]?.array?.isEmpty == false, "the answer has no roles")
        }
    }

    private static func noTrace(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            let tokenA = try await environment.hub.invite(spare.ids)
            try await spare.discover(with: tokenA)
            spare.script { _ in ServerAnswer(500, text: "broken") }
            let failed = try await spare.postCredentials(with: tokenA)
            try require(failed.code != 1000, "the registration succeeded")
            try require(failed.data?["token"] == nil, "a failed registration brought a token")
            try await spare.configure(.get, environment.hub.versionsURL, token: tokenA).expect(http: 200)
            let call = try await environment.cpo.send(.get, .tokens, .sender, to: spare.id)
            try call.expect(codeIn: [4001, 4003])
            spare.script { _ in nil }
            try await spare.postCredentials(with: tokenA).expect(code: 1000)
            try await environment.cpo.send(.get, .tokens, .sender, to: spare.id).expectSuccess()
        }
    }

    private static func missingEndpoints(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            try await VersionChecks.offer(spare) { $0.filter { $0["identifier"]?.string == "credentials" } }
            try await attempt(spare, environment).expect(code: 3003)
        }
        try await environment.withSpare(registered: false) { spare in
            let highest = try await VersionChecks.highest(of: environment)
            try await VersionChecks.offer(spare, at: highest) { $0.filter { $0["identifier"]?.string != "credentials" } }
            guard let started = try await OperatorHandshake.begin(with: spare, environment) else { return }
            try require(started.status >= 400, "the hub connected without a credentials endpoint")
            try require(!spare.received.entries.contains { $0.method == .post }, "the hub sent a POST to a guessed path")
        }
    }

    private static func renewal(_ environment: TestEnvironment) async throws {
        try await environment.withSpare { spare in
            let old = try require(spare.tokenC, "there is no token C")
            spare.received.clear()
            try await spare.putCredentials().expect(code: 1000)
            let paths = spare.received.entries.filter { $0.interface == nil }.map { "\($0.method) \($0.path)" }
            try same("what was called before the answer", paths, ["GET /hello/versions", "GET /hello/" + environment.hub.version.rawValue])
            try require(spare.tokenC?.raw != old.raw, "the token was not replaced")
            try await spare.configure(.get, environment.hub.versionsURL).expect(http: 200)
            try await spare.configure(.get, environment.hub.versionsURL, token: old).expect(http: 401)
        }
    }

    private static func otherVersion(_ environment: TestEnvironment) async throws {
        guard let other = OCPIVersion.allCases.first(where: { $0 != environment.hub.version }) else { return }
        try await environment.withSpare { spare in
            let details: String
            do {
                details = try await spare.detailsURL(of: other)
            } catch let missing as Unmet {
                throw Skipped(missing.description)
            }
            let endpoints = try await spare.configure(.get, details).data?["endpoints"]?.array ?? []
            let url = endpoints.first { $0["identifier"]?.string == "credentials" }?["url"]?.string
            let moved = spare.base + "/moved"
            try await VersionChecks.offer(spare, at: other) { own in
                own.filter { $0["identifier"]?.string != "tokens" } + [["identifier": "tokens", "role": "SENDER", "url": .string(moved)]]
            }
            spare.received.clear()
            try await spare.putCredentials(at: try require(url, "version \(other.rawValue) has no credentials endpoint")).expect(code: 1000)
            try require(
                spare.received.entries.contains { $0.path == "/hello/" + other.rawValue }, "the details of \(other.rawValue) were not read")
            try await VersionChecks.callReaches(spare, "/moved", environment)
        }
    }
}
