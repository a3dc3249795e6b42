import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 114 to 121: X-Request-ID and X-Correlation-ID.
enum MessageIDChecks {
    static let all: [Check] = [
        Check(114) { environment in
            for reply in try await answers(environment) {
                try same("X-Request-ID of the answer to \(reply.request.line)", reply.header(OCPIHeader.requestID), reply.request.requestID)
            }
        },
        Check(115) { environment in
            for reply in try await answers(environment) {
                try same(
                    "X-Correlation-ID of the answer to \(reply.request.line)", reply.header(OCPIHeader.correlationID),
                    reply.request.correlationID)
            }
        },
        Check(116) { environment in
            let reply = try await session(environment)
            let id = try require(try await environment.emsp.arrival(of: reply).requestID, "the recipient got no X-Request-ID")
            try require(!id.isEmpty && id != reply.request.requestID, "the recipient got the requester's own X-Request-ID")
        },
        Check(117) { environment in
            let reply = try await session(environment)
            try same(
                "X-Correlation-ID at the recipient", try await environment.emsp.arrival(of: reply).correlationID,
                reply.request.correlationID)
        },
        Check(118) { environment in
            environment.emsp.script {
                $0.interface == nil
                    ? nil : .success(headers: [(OCPIHeader.requestID, "id-of-the-second-hop"), (OCPIHeader.correlationID, "x")])
            }
            let reply = try await session(environment)
            try same("X-Request-ID of the answer", reply.header(OCPIHeader.requestID), reply.request.requestID)
            try same("X-Correlation-ID of the answer", reply.header(OCPIHeader.correlationID), reply.request.correlationID)
        },
        Check(119) { environment in
            let id = Sample.id("LOC")
            let reply = try await environment.cpo.send(
                .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.hub.party,
                body: Sample.location(id, of: environment.cpo.id)
            ).expectSuccess()
            let correlation = reply.request.correlationID
            var ids = [reply.request.requestID]
            for (recipient, count) in [(environment.emsp, 1), (environment.otherEMSP, 1), (environment.both, 2)] {
                let entries = await recipient.received.wait(within: .seconds(5)) { $0.count { $0.correlationID == correlation } >= count }
                let copies = try require(entries, "\(recipient.id) did not get its copies").filter { $0.correlationID == correlation }
                ids += copies.map(\.requestID)
            }
            try same("the number of different X-Request-IDs of a broadcast and its copies", Set(ids).count, 5)
            try require(!ids.contains(nil), "a copy has no X-Request-ID")
        },
        Check(120) { environment in
            for missing in [[OCPIHeader.requestID], [OCPIHeader.correlationID], [OCPIHeader.requestID, OCPIHeader.correlationID]] {
                let id = Sample.id("SES")
                let path = Sample.path(environment.cpo.id, id)
                let reply = try await environment.cpo.send(
                    .put, .sessions, .receiver, path, to: environment.emsp.id,
                    body: Sample.session(id, of: environment.cpo.id, driver: environment.emsp.id),
                    omitting: missing
                ).expectSuccess()
                let request = try await environment.emsp.arrival(reply.request.line) { $0.rest == path }
                try require(request.requestID?.isEmpty == false, "the recipient got no X-Request-ID")
                try require(request.correlationID?.isEmpty == false, "the recipient got no X-Correlation-ID")
                try same("X-Correlation-ID of the answer", reply.header(OCPIHeader.correlationID), request.correlationID)
                try require(reply.header(OCPIHeader.requestID)?.isEmpty == false, "the answer has no X-Request-ID")
            }
        },
        Check(121) { environment in
            let cpo = environment.cpo
            for url in [
                environment.hub.versionsURL, try await cpo.detailsURL(of: environment.hub.version), try cpo.credentialsURL(),
                try cpo.endpoint(.hubclientinfo, .sender),
            ] {
                let reply = try await cpo.configure(.get, url).expectSuccess()
                try same("X-Request-ID of the answer to \(reply.request.line)", reply.header(OCPIHeader.requestID), reply.request.requestID)
                try same(
                    "X-Correlation-ID of the answer to \(reply.request.line)", reply.header(OCPIHeader.correlationID),
                    reply.request.correlationID)
            }
            // The hub reads versions and details again.
            try await cpo.putCredentials().expectSuccess()
            let asked = cpo.received.entries.filter { $0.method == .get && $0.interface == nil }
            try require(asked.count >= 2, "the hub did not read versions and details")
            for request in asked {
                try require(request.requestID?.isEmpty == false, "GET \(request.path) came without X-Request-ID")
                try require(request.correlationID?.isEmpty == false, "GET \(request.path) came without X-Correlation-ID")
            }
        },
    ]

    private static func session(_ environment: TestEnvironment, to: PartyID? = nil) async throws -> CallAnswer {
        let id = Sample.id("SES")
        return try await environment.cpo.send(
            .put, .sessions, .receiver, Sample.path(environment.cpo.id, id), to: to ?? environment.emsp.id,
            body: Sample.session(id, of: environment.cpo.id, driver: environment.emsp.id))
    }

    /// Answers of a party and of the hub, and errors.
    private static func answers(_ environment: TestEnvironment) async throws -> [CallAnswer] {
        let id = Sample.id("LOC")
        let broadcast = try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.hub.party,
            body: Sample.location(id, of: environment.cpo.id))
        let list = try await environment.emsp.send(.get, .tariffs, .sender, to: environment.hub.party)
        return [
            try await session(environment).expectSuccess(), try broadcast.expectSuccess(), try list.expectSuccess(),
            try await session(environment, to: environment.participants.unknown).expect(code: 4001),
            try await session(environment, to: environment.hub.party),
        ]
    }
}
