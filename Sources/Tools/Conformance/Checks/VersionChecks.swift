import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 30 to 39: versions and version details.
enum VersionChecks {
    static let all: [Check] = [
        Check(30) { environment in
            let reply = try await environment.emsp.configure(.get, environment.hub.versionsURL).expect(http: 200).expect(code: 1000)
            let versions = try require(reply.data?.array, "data is no list")
            try require(!versions.isEmpty, "there is no version")
            for entry in versions {
                try require(entry["version"]?.string != nil && entry["url"]?.string != nil, "an entry lacks version or url")
            }
            try await environment.emsp.configure(.get, environment.hub.versionsURL, omitting: [OCPIHeader.authorization]).expect(http: 401)
        },
        Check(31) { environment in
            let details = try await environment.emsp.discover()
            try same("version", details["version"]?.string, environment.hub.version.rawValue)
            let endpoints = try require(details["endpoints"]?.array, "endpoints is no list")
            try require(!endpoints.isEmpty, "there is no endpoint")
            for entry in endpoints {
                let role = entry["role"]?.string ?? "missing"
                try require(entry["identifier"]?.string?.isEmpty == false, "an endpoint lacks its identifier")
                try require(InterfaceRole(rawValue: role) != nil, "the role of an endpoint is \(role)")
                try require(entry["url"]?.string != nil, "an endpoint lacks its url")
            }
        },
        Check(32) { environment in
            let versions = try await environment.emsp.configure(.get, environment.hub.versionsURL).data?.array ?? []
            let endpoints = try await environment.emsp.discover()["endpoints"]?.array ?? []
            let credentials = try await environment.emsp.configure(.get, try environment.emsp.credentialsURL()).data
            for url in (versions + endpoints + [credentials].compactMap { $0 }).map({ $0["url"]?.string ?? "missing" }) {
                try require(URLJoin.origin(of: url) != nil, "\(url) is no absolute URL")
            }
        },
        Check(33, modules),
        Check(34, credentialsRole),
        Check(35) { environment in
            // The parties' paths are unusual, so that only the advertised one works.
            let reply = try await environment.emsp.send(.get, .tariffs, .sender, to: environment.cpo.id)
            try reply.expectSuccess()
            let request = try await environment.cpo.arrival(of: reply)
            try same("the interface that was called", request.interface, Interface(.tariffs, .sender))
            try require(
                environment.cpo.received.entries.allSatisfy { $0.interface != nil || $0.path.hasPrefix("/hello/") },
                "the hub called a path that nobody advertises")
        },
        Check(36, slashes),
        Check(37, versionChoice),
        Check(38) { environment in
            try await environment.withSpare(registered: false) { spare in
                let odd: [JSONValue] = [
                    ["identifier": "teleporters", "role": "SENDER", "url": .string(spare.base + "/teleporters")],
                    ["identifier": "x-fortune-telling", "role": "RECEIVER", "url": .string(spare.base + "/fortune")],
                ]
                try await offer(spare) { $0 + odd }
                try await spare.register()
                try await environment.cpo.send(.get, .tokens, .sender, to: spare.id).expectSuccess()
            }
        },
        Check(39) { environment in
            try await environment.withSpare { spare in
                let moved = spare.base + "/moved"
                try await offer(spare) { endpoints in
                    endpoints.map { endpoint in
                        endpoint["identifier"]?.string == "tokens"
                            ? ["identifier": "tokens", "role": "SENDER", "url": .string(moved)] : endpoint
                    }
                }
                try await spare.putCredentials().expect(code: 1000)
                try await callReaches(spare, "/moved", environment)
            }
        },
    ]

    /// Offers other endpoints in the details of the version under test. Requests below `/moved` are answered too.
    static func offer(
        _ party: ConformanceParty, at version: OCPIVersion? = nil, _ change: @escaping @Sendable ([JSONValue]) -> [JSONValue]
    ) async throws {
        let version = version ?? party.hub.version
        let own = party.versionDetails(version)
        let endpoints = change(own["endpoints"]?.array ?? [])
        party.script { request in
            guard request.isAuthorized else { return nil }
            if request.path == "/hello/" + version.rawValue {
                return .success(["version": .string(version.rawValue), "endpoints": .array(endpoints)])
            }
            return request.path.hasPrefix("/moved") ? .page([]) : nil
        }
    }

    /// The highest version that the hub and the parties support.
    static func highest(of environment: TestEnvironment) async throws -> OCPIVersion {
        let offered = try await environment.emsp.configure(.get, environment.hub.versionsURL).data?.array ?? []
        let versions = offered.compactMap { $0["version"]?.string.flatMap(OCPIVersion.init(rawValue:)) }
        return try require(versions.max(), "there is no common version")
    }

    /// Checks that a GET of the party's tokens arrives at this path.
    static func callReaches(_ party: ConformanceParty, _ path: String, _ environment: TestEnvironment) async throws {
        let reply = try await environment.cpo.send(.get, .tokens, .sender, to: party.id)
        try same("the path that was called", try await party.arrival(of: reply).path, path)
        try reply.expectSuccess()
    }

    private static func modules(_ environment: TestEnvironment) async throws {
        let endpoints = try await environment.emsp.discover()["endpoints"]?.array ?? []
        let offered = endpoints.map { ($0["identifier"]?.string ?? "") + " " + ($0["role"]?.string ?? "") }
        for module in ModuleTable.functional {
            for role in InterfaceRole.allCases {
                try require(offered.contains("\(module) \(role.rawValue)"), "\(module) \(role.rawValue) is not advertised")
            }
        }
        try require(offered.contains("hubclientinfo SENDER"), "hubclientinfo SENDER is not advertised")
        try same("the number of credentials endpoints", offered.filter { $0.hasPrefix("credentials ") }.count, 1)
    }

    private static func credentialsRole(_ environment: TestEnvironment) async throws {
        let endpoints = try await environment.emsp.discover()["endpoints"]?.array ?? []
        let own = endpoints.first { $0["identifier"]?.string == "credentials" }
        try same("the role of the credentials endpoint", own?["role"]?.string, "SENDER")
        try await environment.withSpare(registered: false) { spare in
            let url = spare.base + "/hello/" + environment.hub.version.rawValue + "/credentials"
            try await offer(spare) { endpoints in
                [["identifier": "credentials", "role": "RECEIVER", "url": .string(url)]]
                    + endpoints.filter { $0["identifier"]?.string != "credentials" }
            }
            try await spare.register()
            try await environment.cpo.send(.get, .tokens, .sender, to: spare.id).expectSuccess()
        }
    }

    private static func slashes(_ environment: TestEnvironment) async throws {
        for party in [environment.emsp, environment.otherEMSP] {
            let id = Sample.id("LOC")
            let reply = try await environment.cpo.send(
                .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: party.id,
                body: Sample.location(id, of: environment.cpo.id))
            try same(
                "the path at \(party.id)", try await party.arrival(of: reply).path,
                "/shelf/in-locations/" + Sample.path(environment.cpo.id, id))
            // A list has no path of its own.
            let list = try await environment.cpo.send(.get, .tokens, .sender, query: "limit=1", to: party.id)
            try same("the interface at \(party.id)", try await party.arrival(of: list).interface, Interface(.tokens, .sender))
        }
        let endpoint = URLJoin.trimmed(try environment.emsp.endpoint(.locations, .sender))
        for url in [endpoint, endpoint + "/"] {
            try await environment.emsp.call(.get, url, to: environment.cpo.id).expectSuccess()
        }
        let versions = URLJoin.trimmed(environment.hub.versionsURL)
        for url in [versions, versions + "/"] {
            try await environment.emsp.configure(.get, url).expect(http: 200)
        }
    }

    private static func versionChoice(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            let strange: [JSONValue] = [
                ["version": "9.9.9-beta", "url": .string(spare.base + "/nine")], ["version": "2.1.1", "url": .string(spare.base + "/old")],
            ]
            let list = JSONValue.array(strange + (spare.versionList.array ?? []))
            spare.script { $0.path == "/hello/versions" && $0.isAuthorized ? .success(list) : nil }
            try await spare.register()
            try require(
                !spare.received.entries.contains { $0.path == "/nine" || $0.path == "/old" }, "the hub read details of a strange version")
        }
        try await environment.withSpare(registered: false) { spare in
            let strange: JSONValue = ["version": "9.9.9-beta", "url": .string(spare.base + "/nine")]
            let list = JSONValue.array([strange] + (spare.versionList.array ?? []))
            spare.script { $0.path == "/hello/versions" && $0.isAuthorized ? .success(list) : nil }
            guard let started = try await OperatorHandshake.begin(with: spare, environment) else { return }
            try started.expect(http: 200)
            let highest = try await highest(of: environment).rawValue
            try await spare.arrival("a GET of the details of \(highest)") { $0.path == "/hello/" + highest }
        }
    }
}
