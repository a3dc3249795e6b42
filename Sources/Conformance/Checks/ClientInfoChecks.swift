import NIOCore
import OCPI
import Wire

/// Requirements 122 to 130: HubClientInfo.
enum ClientInfoChecks {
    static let all: [Check] = [
        Check(122) { rig in
            // Parties that are heard of meanwhile change their places: then the crawl is made again.
            var before = try await list(rig)
            var paged = try await crawl(rig)
            for _ in 0..<5 where try await list(rig) != before {
                before = try await list(rig)
                paged = try await crawl(rig)
            }
            try require(before.count >= 4, "the list has \(before.count) entries, at least the other four platforms were expected")
            try same("the parties on all pages", paged.sorted(), names(before).sorted())
            for query in ["?date_to=2001-01-01T00:00:00Z", "?date_from=2099-01-01T00:00:00Z", "?offset=100000"] {
                try same("the list for \(query)", names(try await list(rig, query: query)), [])
            }
        },
        Check(123) { rig in
            let infos = try await list(rig)
            for info in infos {
                let name = info.text
                try require(info["country_code"]?.string?.utf8.count == 2, "\(name): country_code")
                try require(info["party_id"]?.string?.utf8.count == 3, "\(name): party_id")
                try require(info["role"]?.string.map(roles.contains) == true, "\(name): role")
                try require(info["status"]?.string.map(statuses.contains) == true, "\(name): status")
                try require(info["last_updated"]?.string.flatMap(Timestamp.init(rfc3339:)) != nil, "\(name): last_updated")
            }
            for party in [rig.cpo, rig.otherCPO, rig.otherEMSP, rig.both] {
                for role in party.roles {
                    try same("the status of \(role.id) as \(role.role)", status(of: role.id, as: role.role, in: infos), "CONNECTED")
                }
            }
        },
        Check(124) { rig in
            try await rig.withSpare("CPO") { spare in
                for viewer in [rig.cpo, rig.emsp, rig.otherEMSP, rig.both] {
                    let push = try await push(of: spare.id, status: "CONNECTED", at: viewer)
                    try same("the role that was pushed", push.json?["role"]?.string, "CPO")
                    try require(push.isAuthorized, "a push to \(viewer.id) has no valid token")
                }
                await spare.leave()
                for viewer in [rig.cpo, rig.otherEMSP] { try await push(of: spare.id, status: "SUSPENDED", at: viewer) }
            }
        },
        Check(125) { rig in
            let url = try rig.cpo.endpoint(.hubclientinfo, .sender)
            for method in [OCPI.Method.delete, .patch, .post] {
                let body: JSONValue? = method == .delete ? nil : ["status": "SUSPENDED"]
                for place in [url, "\(url)/\(rig.emsp.id.country)/\(rig.emsp.id.party)"] {
                    try await rig.cpo.configure(method, place, body: body).expect(http: 405, 404)
                }
            }
            guard rig.hub.admin != nil else { return }
            try await rig.withSpare { spare in
                try await push(of: spare.id, status: "CONNECTED", at: rig.cpo)
                await spare.leave()
                try await push(of: spare.id, status: "SUSPENDED", at: rig.cpo)
            }
            let others = rig.cpo.received.entries.filter {
                $0.interface?.module == .hubclientinfo && $0.method != .put && $0.method != .get
            }
            try require(others.isEmpty, "the hub sent a \(others.first?.method.rawValue ?? "") of HubClientInfo")
        },
        Check(126, stillAlive),
        .none(127, because: "a hub may show a party without contract as PLANNED, and need not"),
        Check(128) { rig in
            let planned = try await location(rig, to: rig.cast.absent)
            try planned.expect(codeIn: [4001, 4003])
            guard rig.hub.admin != nil else { return }
            try await rig.withSpare { spare in
                try await rig.eventually("\(spare.id) can be called") { try await location(rig, to: spare.id).code == 1000 }
                await spare.leave()
                spare.received.clear()
                try await rig.eventually("\(spare.id) is not called any more") {
                    try await Set([4001, 4003]).contains(location(rig, to: spare.id).code ?? 0)
                }
                spare.received.clear()
                let reply = try await location(rig, to: spare.id).expect(codeIn: [4001, 4003])
                try require(spare.arrivals(of: reply).isEmpty, "a party that has left was called")
            }
        },
        Check(129) { rig in
            // Asked without routing headers, too.
            let reply = try await rig.cpo.configure(.get, try rig.cpo.endpoint(.hubclientinfo, .sender)).expectSuccess()
            try require(reply.from == nil && reply.to == nil, "the answer has routing headers")
            guard rig.hub.admin != nil else { return }
            try await rig.withSpare { spare in
                let push = try await push(of: spare.id, status: "CONNECTED", at: rig.cpo)
                try require(push.from == nil && push.to == nil, "a push has routing headers")
            }
        },
        .none(130, because: "a hub may read back what it pushed, and need not"),
    ]

    private static let roles = ["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"]
    private static let statuses = ["CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"]
    /// How long a hub may take to notice that a party does not answer, for this suite.
    private static let notice = Duration.seconds(20)

    /// OCPI suggests to ask after five minutes of silence: more than a check can wait, so only hubs that ask sooner are tried.
    @Sendable private static func stillAlive(_ rig: Rig) async throws {
        let party = rig.otherEMSP
        await party.stop()
        do {
            try await rig.eventually("\(party.id) is OFFLINE", within: notice) {
                status(of: party.id, as: "EMSP", in: try await list(rig)) == "OFFLINE"
            }
        } catch {
            throw Skipped("the hub did not look after a silent party within \(notice)")
        }
        try await location(rig, to: party.id).expect(code: 4003)
        try await party.start()
        try await party.configure(.get, try party.endpoint(.hubclientinfo, .sender)).expectSuccess()
        try await rig.eventually("\(party.id) is CONNECTED again") {
            status(of: party.id, as: "EMSP", in: try await list(rig)) == "CONNECTED"
        }
    }

    private static func location(_ rig: Rig, to: PartyID) async throws -> Reply {
        let id = Sample.id("LOC")
        return try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: to, body: Sample.location(id, of: rig.cpo.id))
    }

    /// The list as `rig.emsp` sees it.
    private static func list(_ rig: Rig, query: String = "") async throws -> [JSONValue] {
        let reply = try await rig.emsp.configure(.get, try rig.emsp.endpoint(.hubclientinfo, .sender) + query).expectSuccess()
        return try require(reply.data?.array, "data of HubClientInfo is no list")
    }

    /// The parties on all pages of two.
    private static func crawl(_ rig: Rig) async throws -> [String] {
        var paged: [String] = []
        var next: String? = try rig.emsp.endpoint(.hubclientinfo, .sender) + "?limit=2&date_from=2020-01-01T00:00:00Z"
        while let url = next {
            try require(paged.count < 100_000, "the list does not end")
            let page = try await rig.emsp.configure(.get, url).expectSuccess()
            try require(page.data?.array?.count ?? 0 <= 2, "a page has more than limit=2 objects")
            paged += names(page.data?.array)
            next = page.nextPage
        }
        return paged
    }

    /// `DE-CPA/CPO` of each.
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

    /// The PUT that tells a party about another one.
    @discardableResult
    private static func push(of party: PartyID, status: String, at viewer: Party) async throws -> Received {
        try await viewer.arrival("\(party) \(status)") { request in
            request.method == .put && request.interface == Interface(.hubclientinfo, .receiver)
                && request.rest == Sample.path(party) && request.json?["status"]?.string == status
        }
    }
}
