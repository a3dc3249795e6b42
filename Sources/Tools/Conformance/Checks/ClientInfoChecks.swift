import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 122 to 130: HubClientInfo.
enum ClientInfoChecks {
    static let all: [Check] = [
        Check(122) { environment in
            // A party with a new update changes its place in the list, and the list must be read again.
            var before = try await list(environment)
            var paged = try await crawl(environment)
            for _ in 0..<5 where try await list(environment) != before {
                before = try await list(environment)
                paged = try await crawl(environment)
            }
            try require(before.count >= 4, "the list has \(before.count) entries, at least the other four platforms were expected")
            try same("the parties on all pages", paged.sorted(), names(before).sorted())
            for query in ["?date_to=2001-01-01T00:00:00Z", "?date_from=2099-01-01T00:00:00Z", "?offset=100000"] {
                try same("the list for \(query)", names(try await list(environment, query: query)), [])
            }
        },
        Check(123) { environment in
            let infos = try await list(environment)
            for info in infos {
                let name = info.text
                try require(info["country_code"]?.string?.utf8.count == 2, "\(name): country_code")
                try require(info["party_id"]?.string?.utf8.count == 3, "\(name): party_id")
                try require(info["role"]?.string.map(roles.contains) == true, "\(name): role")
                try require(info["status"]?.string.map(statuses.contains) == true, "\(name): status")
                try require(info["last_updated"]?.string.flatMap(Timestamp.init(rfc3339:)) != nil, "\(name): last_updated")
            }
            for party in [environment.cpo, environment.otherCPO, environment.otherEMSP, environment.both] {
                for role in party.roles {
                    try same("the status of \(role.id) as \(role.role)", status(of: role.id, as: role.role, in: infos), "CONNECTED")
                }
            }
        },
        Check(124) { environment in
            try await environment.withSpare("CPO") { spare in
                for viewer in [environment.cpo, environment.emsp, environment.otherEMSP, environment.both] {
                    let push = try await push(of: spare.id, status: "CONNECTED", at: viewer)
                    try same("the role that was pushed", push.json?["role"]?.string, "CPO")
                    try require(push.isAuthorized, "a push to \(viewer.id) has no valid token")
                }
                await spare.leave()
                for viewer in [environment.cpo, environment.otherEMSP] { try await push(of: spare.id, status: "SUSPENDED", at: viewer) }
            }
        },
        Check(125) { environment in
            let url = try environment.cpo.endpoint(.hubclientinfo, .sender)
            for method in [OCPI.Method.delete, .patch, .post] {
                let body: JSONValue? = method == .delete ? nil : ["status": "SUSPENDED"]
                for place in [url, "\(url)/\(environment.emsp.id.country)/\(environment.emsp.id.party)"] {
                    try await environment.cpo.configure(method, place, body: body).expect(http: 405, 404)
                }
            }
            guard environment.hub.admin != nil else { return }
            try await environment.withSpare { spare in
                try await push(of: spare.id, status: "CONNECTED", at: environment.cpo)
                await spare.leave()
                try await push(of: spare.id, status: "SUSPENDED", at: environment.cpo)
            }
            let others = environment.cpo.received.entries.filter {
                $0.interface?.module == .hubclientinfo && $0.method != .put && $0.method != .get
            }
            try require(others.isEmpty, "the hub sent a \(others.first?.method.rawValue ?? "") of HubClientInfo")
        },
        Check(126, stillAlive),
        .none(127, because: "a hub may show a party without contract as PLANNED, and need not"),
        Check(128) { environment in
            let planned = try await location(environment, to: environment.participants.absent)
            try planned.expect(codeIn: [4001, 4003])
            guard environment.hub.admin != nil else { return }
            try await environment.withSpare { spare in
                try await environment.eventually("\(spare.id) can be called") { try await location(environment, to: spare.id).code == 1000 }
                await spare.leave()
                spare.received.clear()
                try await environment.eventually("\(spare.id) is not called any more") {
                    try await Set([4001, 4003]).contains(location(environment, to: spare.id).code ?? 0)
                }
                spare.received.clear()
                let reply = try await location(environment, to: spare.id).expect(codeIn: [4001, 4003])
                try require(spare.arrivals(of: reply).isEmpty, "a party that has left was called")
            }
        },
        Check(129) { environment in
            // The request has no routing headers either.
            let reply = try await environment.cpo.configure(.get, try environment.cpo.endpoint(.hubclientinfo, .sender)).expectSuccess()
            try require(reply.from == nil && reply.to == nil, "the answer has routing headers")
            guard environment.hub.admin != nil else { return }
            try await environment.withSpare { spare in
                let push = try await push(of: spare.id, status: "CONNECTED", at: environment.cpo)
                try require(push.from == nil && push.to == nil, "a push has routing headers")
            }
        },
        .none(130, because: "a hub may read back what it pushed, and need not"),
    ]

    private static let roles = ["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"]
    private static let statuses = ["CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"]
    /// The longest time that this suite waits for a hub to notice an unresponsive party.
    private static let notice = Duration.seconds(20)

    /// OCPI suggests to check after five minutes without requests, which is too long for a test. Only hubs that check earlier are tested.
    @Sendable private static func stillAlive(_ environment: TestEnvironment) async throws {
        let party = environment.otherEMSP
        await party.stop()
        do {
            try await environment.eventually("\(party.id) is OFFLINE", within: notice) {
                status(of: party.id, as: "EMSP", in: try await list(environment)) == "OFFLINE"
            }
        } catch {
            throw Skipped("the hub did not look after a silent party within \(notice)")
        }
        try await location(environment, to: party.id).expect(code: 4003)
        try await party.start()
        try await party.configure(.get, try party.endpoint(.hubclientinfo, .sender)).expectSuccess()
        try await environment.eventually("\(party.id) is CONNECTED again") {
            status(of: party.id, as: "EMSP", in: try await list(environment)) == "CONNECTED"
        }
    }

    private static func location(_ environment: TestEnvironment, to: PartyID) async throws -> CallAnswer {
        let id = Sample.id("LOC")
        return try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: to, body: Sample.location(id, of: environment.cpo.id))
    }

    /// The list as returned to `environment.emsp`.
    private static func list(_ environment: TestEnvironment, query: String = "") async throws -> [JSONValue] {
        let reply = try await environment.emsp.configure(.get, try environment.emsp.endpoint(.hubclientinfo, .sender) + query)
            .expectSuccess()
        return try require(reply.data?.array, "data of HubClientInfo is no list")
    }

    /// The parties on all pages, read with limit=2.
    private static func crawl(_ environment: TestEnvironment) async throws -> [String] {
        var paged: [String] = []
        var next: String? = try environment.emsp.endpoint(.hubclientinfo, .sender) + "?limit=2&date_from=2020-01-01T00:00:00Z"
        while let url = next {
            try require(paged.count < 100_000, "the list does not end")
            let page = try await environment.emsp.configure(.get, url).expectSuccess()
            try require(page.data?.array?.count ?? 0 <= 2, "a page has more than limit=2 objects")
            paged += names(page.data?.array)
            next = page.nextPage
        }
        return paged
    }

    /// Each entry as `DE-CPA/CPO`.
    private static func names(_ infos: [JSONValue]?) -> [String] {
        (infos ?? []).map {
            "\($0["country_code"]?.string ?? "")-\($0["party_id"]?.string ?? "")/\($0["role"]?.string ?? "")"
        }
    }

    private static func status(of party: PartyID, as role: String, in infos: [JSONValue]) -> String? {
        infos.first {
            $0["country_code"]?.string == party.country && $0["party_id"]?.string == party.party && $0["role"]?.string == role
        }?["status"]?.string
    }

    /// Waits for the PUT that reports the status of a party to another one.
    @discardableResult
    private static func push(of party: PartyID, status: String, at viewer: ConformanceParty) async throws -> PartyRequest {
        try await viewer.arrival("\(party) \(status)") { request in
            request.method == .put && request.interface == Interface(.hubclientinfo, .receiver)
                && request.rest == Sample.path(party) && request.json?["status"]?.string == status
        }
    }
}
