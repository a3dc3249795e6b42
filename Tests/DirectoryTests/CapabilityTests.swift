import Directory
import Encoding
import Kafka
import OCPI
import Support
import Testing
import Topics

@Suite struct CapabilityTests {
    @Test func aPartyHasABoundedNumberOfLinksHoweverManyAreMadeAtOnce() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let capabilities = Capabilities(
            kafka: kafka.settings, secrets: secrets, producer: producer, topics: kafka.topics, logger: kafka.logger, maxLinksPerParty: 5)
        try await capabilities.start()
        #expect(await capabilities.ready(timeout: .seconds(10)))
        let (msp, cpo) = (try #require(PartyID("NL-MSP")), try #require(PartyID("DE-CPO")))
        func link(_ kind: Capability.Kind, _ number: Int, expires: Int64 = 60_000) -> Capability {
            // A callback is the doing of its owner, a page that of whoever asked for it.
            Capability(
                kind: kind, owner: kind == .callback ? msp : cpo, user: kind == .callback ? cpo : msp,
                target: .url("https://party.example/\(number)"), expires: .now.adding(milliseconds: expires))
        }
        let stored = await withTaskGroup(of: String?.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let link = link(number.isMultiple(of: 2) ? .callback : .page, number, expires: 5000)
                    do throws(LinkError) {
                        try await capabilities.publish(link, id: "\(link.kind)-\(number)")
                        return "\(link.kind)-\(number)"
                    } catch {
                        guard case .quota(msp, limit: 5) = error else {
                            Issue.record("\(error)")
                            return nil
                        }
                        return nil
                    }
                }
            }
            return await group.reduce(into: [String]()) { if let id = $1 { $0.append(id) } }
        }
        #expect(stored.count == 10, "of each kind")
        // Read back they count all the same. What stands there may be written again.
        for id in stored { #expect(await capabilities.resolve(id) != nil) }
        await #expect(throws: LinkError.self) { try await capabilities.publish(link(.callback, 60), id: "one-more") }
        let again = try #require(stored.first { $0.hasPrefix("callback") })
        try await capabilities.publish(link(.callback, 61, expires: 5000), id: again)
        // Links to CDRs live long, and take no place from these nor lose one to them.
        for number in 0..<5 { try await capabilities.publish(link(.object, 70 + number), id: "cdr-\(number)") }
        await #expect(throws: LinkError.self) { try await capabilities.publish(link(.object, 75), id: "one-more-cdr") }
        // The other party of these links has used up nothing.
        var other = link(.callback, 62)
        (other.owner, other.user) = (cpo, msp)
        try await capabilities.publish(other, id: "of-another")
        // What has expired makes room, though nothing was written since.
        try await eventually("the first have expired") {
            do {
                try await capabilities.publish(link(.callback, 63), id: "later")
                return true
            } catch { return false }
        }
        await capabilities.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test func sealedAndStoredCapabilitiesResolveUntilTheyExpireAndOnlyWhenGenuine() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let capabilities = Capabilities(
            kafka: kafka.settings, secrets: secrets, producer: producer, topics: kafka.topics, logger: kafka.logger)
        try await capabilities.start()
        #expect(await capabilities.ready(timeout: .seconds(10)))

        let owner = try #require(PartyID("DE-CPO"))
        let user = try #require(PartyID("NL-MSP"))
        let later = Timestamp(milliseconds: (Timestamp.now.milliseconds / 60_000 + 60) * 60_000)
        let targets: [Capability.Target] = [
            .below(.commands, .sender, remainder: "START_SESSION/1?x=%2F"), .url("https://msp.example/ocpi/cdrs/1"),
        ]
        for target in targets {
            let capability = Capability(kind: .callback, owner: owner, user: user, target: target, expires: later)
            let token = try #require(capabilities.seal(capability, maxLength: 200))
            #expect(await capabilities.resolve(token) == capability)
            #expect(await capabilities.resolve(token, now: later) == nil, "expired")
            #expect(await capabilities.resolve(String(token.reversed())) == nil)

            let id = Capabilities.newID()
            #expect(id.utf8.count == 22)
            try await capabilities.publish(capability, id: id)
            #expect(await capabilities.resolve(id) == capability, "visible as soon as it is acknowledged")
            #expect(await capabilities.resolve(id, now: later) == nil, "expired")
        }
        let long = Capability(
            kind: .page, owner: owner, user: user, target: .below(.cdrs, .sender, remainder: String(repeating: "x", count: 300)),
            expires: later)
        #expect(capabilities.seal(long, maxLength: 200) == nil)

        // Of a party that has gone nothing is kept, whether it gave or took; of the others it is.
        let other = try #require(PartyID("FR-CPO"))
        var ids: [String] = []
        for (from, to) in [(owner, user), (user, owner), (user, other)] {
            let id = Capabilities.newID()
            ids.append(id)
            try await capabilities.publish(
                Capability(kind: .object, owner: from, user: to, target: .url("https://x.example"), expires: later), id: id)
            #expect(await capabilities.resolve(id) != nil)
        }
        #expect(try await capabilities.forget([owner]) == 4, "with the two links above")
        try await eventually("they are forgotten") { await capabilities.resolve(ids[0]) == nil }
        #expect(await capabilities.resolve(ids[1]) == nil)
        #expect(await capabilities.resolve(ids[2]) != nil)
        #expect(await capabilities.resolve(Capabilities.newID()) == nil)
        await capabilities.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test func aTargetBelowAnEndpointFollowsTheEndpointWhenItMoves() throws {
        let owner = try #require(PartyID("DE-CPO"))
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        func apply(_ fact: Fact) { directory.apply(key: fact.key, fact) }
        apply(.platform(Platform(id: "p", tokenCHashes: ["x"], roles: [PlatformRole(role: "CPO", party: owner)])))
        apply(.claim(PartyClaim(party: owner, platform: "p", since: .now)))
        apply(.endpoints(platform: "p", [Endpoint(module: .locations, interface: .sender, url: "https://old/locations")]))
        let target = Capability.target("https://old/locations?offset=5&limit=2", of: owner, .locations, .sender, in: directory)
        #expect(target == .below(.locations, .sender, remainder: "?offset=5&limit=2"))
        #expect(
            Capability.target("https://old/locationsX/1", of: owner, .locations, .sender, in: directory) == .url("https://old/locationsX/1")
        )
        apply(.endpoints(platform: "p", [Endpoint(module: .locations, interface: .sender, url: "https://new/l")]))
        let capability = Capability(kind: .page, owner: owner, user: owner, target: target, expires: .now)
        #expect(capability.url(in: directory) == "https://new/l?offset=5&limit=2")
    }

    @Test(
        arguments: ["https://a/l", "https://a/l/", "https://a/l?key=1"],
        [
            "https://a/l", "https://a/l/", "https://a/l//", "https://a/l//1", "https://a/l/1", "https://a/l/1/", "https://a/l?",
            "https://a/l/?",
            "https://a/l/1?", "https://a/l?x=1", "https://a/l/?x=1", "https://a/l??x", "https://a/l/1?x=/2//", "https://a/l?key=1&x",
            "https://a/l/1?key=1", "https://a/l/1?x=%2F&key=1", "https://a/l?&x", "https://a/l/1?é", "https://a/l/e\u{301}",
            "https://a/l/\u{301}",
            "https://a/L/1", "https://a/l1", "https://a/",
        ])
    func aURLStaysAsItIsByteForByteHoweverItIsKept(_ endpoint: String, _ url: String) throws {
        let owner = try #require(PartyID("DE-CPO"))
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let facts: [Fact] = [
            .platform(Platform(id: "p", tokenCHashes: ["x"], roles: [PlatformRole(role: "CPO", party: owner)])),
            .claim(PartyClaim(party: owner, platform: "p", since: .now)),
            .endpoints(platform: "p", [Endpoint(module: .locations, interface: .sender, url: endpoint)]),
        ]
        for fact in facts { directory.apply(key: fact.key, fact) }
        let target = Capability.target(url, of: owner, .locations, .sender, in: directory)
        let capability = Capability(kind: .page, owner: owner, user: owner, target: target, expires: .now)
        #expect(capability.url(in: directory)?.utf8.elementsEqual(url.utf8) == true, "\(target)")
        if endpoint == "https://a/l", ["https://a/l/1", "https://a/l?x=1"].contains(url) {
            #expect(target != .url(url), "it follows the endpoint")
        }
    }

    @Test func theSameLinkIsNotWrittenAgain() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let capabilities = Capabilities(
            kafka: kafka.settings, secrets: secrets, producer: producer, topics: kafka.topics, logger: kafka.logger)
        try await capabilities.start()
        #expect(await capabilities.ready(timeout: .seconds(10)))
        let (msp, cpo) = (try #require(PartyID("NL-MSP")), try #require(PartyID("DE-CPO")))
        var link = Capability(
            kind: .callback, owner: msp, user: cpo, target: .url("https://msp.example/1"), expires: .now.adding(milliseconds: 600_000))
        try await capabilities.publish(link, id: "id")
        #expect(await capabilities.resolve("id") == link)
        // What is written now fails.
        await producer.close(flush: .seconds(1))
        link.expires = .now.adding(milliseconds: 700_000)
        try await capabilities.publish(link, id: "id")
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            capabilities.publish(link, id: "id") { done.resume(with: $0) }
        }
        link.target = .url("https://msp.example/2")
        await #expect(throws: LinkError.self) { try await capabilities.publish(link, id: "id") }
        await capabilities.stop()
    }
}
