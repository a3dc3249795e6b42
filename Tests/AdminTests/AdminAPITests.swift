import Admin
import Credentials
import Directory
import Encoding
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@Suite struct AdminAPITests {
    @Test func theOperatorInvitesAPlatformAndSeesItsStatusAndUnauthenticatedCallersSeeNothing() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let store = StateStore(
            kafka: kafka.settings, topics: kafka.topics, secrets: NodeSecrets(current: Array("a secret of the node".utf8)),
            logger: kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let state = SharedState(store: store, writer: writer)
        let router = Router()
        AdminAPI(
            state: state, handshake: Platforms.handshake(state, peer: { _, _ in nil }), key: Token("the operator's key"),
            publicURL: "https://node", logger: kafka.logger
        ).addRoutes(to: router)

        try await Application(router: router).test(.router) { client in
            let invite = "/admin/generate-registration-token"
            let body = ByteBuffer(string: #"[{"country_code":"DE","party_id":"CPO"}]"#)
            for key in [nil, "Token wrong", "Token", ""] {
                var headers = HTTPFields()
                if let key { headers[.authorization] = key }
                let refused = try await client.execute(uri: invite, method: .post, headers: headers, body: body)
                #expect(refused.status == .unauthorized && refused.headers[.wwwAuthenticate] == "Token")
            }
            let base64 = "Token " + Base64.encode(Array("the operator's key".utf8))
            for key in ["Token the-wrong", "Bearer x"] {
                #expect(
                    try await client.execute(uri: "/admin/platforms", method: .get, headers: [.authorization: key]).status == .unauthorized)
            }
            let answer = try await client.execute(uri: invite, method: .post, headers: [.authorization: base64], body: body)
            #expect(answer.status == .ok)
            let invitation = try JSONValue.parse(answer.body)
            let token = try #require(invitation["token"]?.string)
            #expect(invitation["versions"]?.string == "https://node/ocpi/versions")
            #expect(store.directory.platform(presenting: [Token(token)])?.use == .registration)

            for nonsense in ["", "{}", "[]", #"[{"country_code":"DEU","party_id":"CPO"}]"#, "[1]"] {
                let refused = try await client.execute(
                    uri: invite, method: .post, headers: [.authorization: base64], body: ByteBuffer(string: nonsense))
                #expect(refused.status == .badRequest, "\(nonsense)")
            }
            let platforms = try await client.execute(uri: "/admin/platforms", method: .get, headers: [.authorization: base64])
            let list = try #require(try JSONValue.parse(platforms.body).array)
            #expect(list.count == 1 && list[0]["status"]?.string == "PLANNED" && list[0]["invited"]?.array == ["DE-CPO"])
            #expect(!String(buffer: platforms.body).contains(token))

            let unknown = try await client.execute(uri: "/admin/connection-status/DE/CPO", method: .get, headers: [.authorization: base64])
            #expect(unknown.status == .notFound)
            let cpo = try #require(PartyID("DE-CPO"))
            let registered = Platform(id: "p", tokenCHashes: ["x"], roles: [PlatformRole(role: "CPO", party: cpo)])
            try await writer.write([
                .put(.claim(PartyClaim(party: cpo, platform: "p", since: .now))), .put(.status(platform: "p", .connected, .now)),
                .put(.platform(registered)),
            ])
            let known = try await client.execute(uri: "/admin/connection-status/de/cpo", method: .get, headers: [.authorization: base64])
            #expect(known.status == .ok && String(buffer: known.body) == "CONNECTED")
            let again = try await client.execute(uri: invite, method: .post, headers: [.authorization: base64], body: body)
            #expect(again.status == .badRequest && String(buffer: again.body).contains("already connected"))
        }
        await store.stop()
        await producer.close(flush: .seconds(1))
    }
}
