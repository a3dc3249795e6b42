import Directory
import Encoding
import OCPI
import Testing

@Suite struct ProcessConsistencyTests {
    static let address = "0x11b2d450ff69aed749389ce8a984eb2ea2b91cf2"
    static let now = Timestamp(milliseconds: 1_700_000_000_000)
    let old = NodeSecrets(current: Array("the old secret of the node".utf8))
    let new = NodeSecrets(current: Array("the new secret of the node".utf8))
    let oldThenNew = NodeSecrets(current: Array("the old secret of the node".utf8), previous: [Array("the new secret of the node".utf8)])
    let newThenOld = NodeSecrets(current: Array("the new secret of the node".utf8), previous: [Array("the old secret of the node".utf8)])

    private func process(
        _ secrets: NodeSecrets, _ instance: String = "own", settings: [String: String] = [:], offset: Int64? = nil, seen: Timestamp = now
    ) -> ProcessReport {
        ProcessReport(
            instance: instance, start: instance, secrets: secrets.fingerprints(Self.address), settings: settings, clockOffset: offset,
            seen: seen)
    }

    private func consistency(_ secrets: NodeSecrets, address: String = address, settings: [String: String] = [:]) -> ProcessConsistency {
        ProcessConsistency(process(secrets, settings: settings), operatorAddress: address, howToRegister: "Add it.")
    }

    private func identity(_ secrets: NodeSecrets) -> NodeIdentity {
        NodeIdentity(operatorAddress: Self.address, secret: secrets.fingerprints(Self.address)[0])
    }

    private func directory(_ facts: [Fact], secrets: NodeSecrets? = nil) -> Directory {
        var directory = Directory(secrets: secrets ?? old)
        for fact in facts { directory.apply(key: fact.key, fact) }
        return directory
    }

    private func refusal(_ admission: ProcessConsistency.Admission) throws -> String {
        guard case .refused(let reason) = admission else { throw Admitted(admission: admission) }
        return reason
    }
    private struct Admitted: Error { let admission: ProcessConsistency.Admission }

    // MARK: Identity

    @Test func theFingerprintTellsSecretsAndNodesApartAndGivesNothingAway() {
        let fingerprint = old.fingerprints(Self.address)
        #expect(fingerprint == old.fingerprints(Self.address.uppercased()) && fingerprint.count == 1)
        #expect(newThenOld.fingerprints(Self.address) == new.fingerprints(Self.address) + fingerprint)
        #expect(old.fingerprints("0x00") != fingerprint, "one secret at two nodes looks like two")
        #expect(fingerprint[0].count == 32 && !fingerprint[0].contains("secret"))
    }

    @Test func identityAndReportsSurviveOCNState() throws {
        let facts: [(Fact, String)] = [
            (.identity(identity(old)), "identity"),
            (.process(process(old, "a/b", settings: ["node.url": "http://x"], offset: -12)), "process/a/b"),
            (.process(ProcessReport(instance: "c", start: "1", roles: ["push"], seen: Self.now)), "process/c"),
        ]
        for (fact, key) in facts {
            #expect(fact.key == key)
            #expect(Fact(key: key, json: try JSONValue.parse(fact.json.text)) == fact)
        }
        #expect(Fact(key: "identity", json: try JSONValue.parse(#"{"operator":"0x"}"#)) == nil)
        #expect(Fact(key: "process/c", json: try JSONValue.parse(#"{"instance":"c","start":"1"}"#)) == nil)
        var directory = directory(facts.map(\.0))
        #expect(directory.identity == identity(old) && directory.processes.map(\.instance) == ["a/b", "c"])
        for (_, key) in facts { directory.apply(key: key, nil) }
        #expect(directory.identity == nil && directory.processes.isEmpty)
    }

    @Test func theFirstProcessWritesTheIdentityAndLaterOnesCompare() throws {
        #expect(consistency(old).admission(to: directory([]), now: Self.now) == .granted(write: identity(old)))
        #expect(consistency(old).admission(to: directory([.identity(identity(old))]), now: Self.now) == .granted(write: nil))
    }

    @Test func anotherSecretIsRefusedWithoutShowingIt() throws {
        let reason = try refusal(consistency(new).admission(to: directory([.identity(identity(old))]), now: Self.now))
        #expect(reason.hasPrefix("node.secret is another one") && reason.contains("node.previous_secrets"))
        #expect(reason.hasSuffix("Nothing was changed.") && !reason.contains("the new secret"))
    }

    @Test func anotherKeyIsRefusedWithBothAddresses() throws {
        let reason = try refusal(consistency(old, address: "0xAB").admission(to: directory([.identity(identity(old))]), now: Self.now))
        #expect(reason.hasPrefix("node.key is another one") && reason.contains("0xab,") && reason.contains(Self.address))
    }

    @Test func aSecretThatOpensNoTokenIsRefusedAlsoWhereNobodyWroteAnIdentity() throws {
        let sealed = Fact.platform(Platform(id: "p1", outboundToken: old.seal(Token("token-b"))))
        let reason = try refusal(consistency(new).admission(to: directory([sealed], secrets: new), now: Self.now))
        #expect(reason.contains("none of 1 can be decrypted"))
        #expect(consistency(old).admission(to: directory([sealed]), now: Self.now) == .granted(write: identity(old)))
        let other = Fact.platform(Platform(id: "p2", outboundToken: new.seal(Token("token-b"))))
        #expect(consistency(new).admission(to: directory([sealed, other], secrets: new), now: Self.now) == .granted(write: identity(new)))
    }

    // MARK: Rotation

    @Test func aSecretIsRotatedInTwoRoundsDuringWhichEveryProcessCanReadWhatTheOthersWrite() throws {
        let begin = [Fact.identity(identity(old))]
        let unprepared = begin + [.process(process(old, "a")), .process(process(oldThenNew, "b"))]
        let reason = try refusal(consistency(newThenOld).admission(to: directory(unprepared), now: Self.now))
        #expect(reason.hasPrefix("node.secret is new to processes of this node that run: a.") && reason.contains("node.previous_secrets"))

        #expect(consistency(oldThenNew).admission(to: directory(unprepared), now: Self.now) == .granted(write: nil), "the first round")
        let prepared = begin + [.process(process(oldThenNew, "a")), .process(process(oldThenNew, "b"))]
        #expect(consistency(newThenOld).admission(to: directory(prepared), now: Self.now) == .granted(write: identity(new)), "the second")
        let done = [Fact.identity(identity(new)), .process(process(newThenOld, "a")), .process(process(newThenOld, "b"))]
        #expect(consistency(new).admission(to: directory(done), now: Self.now) == .granted(write: nil), "without the old one at last")
        #expect(throws: Never.self) { try refusal(consistency(old).admission(to: directory(done), now: Self.now)) }
    }

    @Test func processesThatDiedAreNotAsked() {
        let dead = process(old, "a", seen: Self.now.adding(milliseconds: -91_000))
        let state = directory([.identity(identity(old)), .process(dead)])
        #expect(consistency(newThenOld).admission(to: state, now: Self.now) == .granted(write: identity(new)))
    }

    // MARK: While it runs

    private func findings(
        _ consistency: ProcessConsistency, _ facts: [Fact], clock: ClockSkew = ClockSkew(), secrets: NodeSecrets? = nil
    ) -> [ProcessConsistency.Finding] {
        let listed = Fact.node(NetworkNode(operatorAddress: Self.address, url: "http://n", source: "state"))
        return consistency.findings(in: directory([listed] + facts, secrets: secrets), clock: clock, now: Self.now)
    }

    @Test func aProcessThatAgreesFindsNothing() {
        let settings = ["node.url": "http://x"]
        let facts = [
            Fact.identity(identity(old)), .process(process(old, settings: settings)), .process(process(old, "b", settings: settings)),
        ]
        #expect(findings(consistency(old, settings: settings), facts).isEmpty)
    }

    @Test func aSecretThatWasReplacedMeanwhileBlocks() {
        let found = findings(consistency(old), [.identity(identity(new))])
        #expect(found.map(\.subject) == [.identity] && found[0].isBlocking)
        #expect(findings(consistency(oldThenNew), [.identity(identity(new))]).isEmpty)
    }

    @Test func settingsThatDifferAreNamedWithTheProcesses() {
        let facts = [
            Fact.process(process(old, "b", settings: ["node.url": "http://y", "node.hub": "CH-OCN"])),
            .process(process(old, "c", settings: ["node.url": "http://x"])),
            .process(process(old, "dead", settings: ["node.url": "http://z"], seen: Self.now.adding(milliseconds: -100_000))),
        ]
        let found = findings(consistency(old, settings: ["node.url": "http://x", "node.hub": "CH-OCN"]), facts)
        #expect(found.map(\.subject) == [.settings] && !found[0].isBlocking)
        #expect(found[0].text.contains("node.url is http://x here and http://y at b. Use the same"), "\(found)")
    }

    @Test func anotherProcessOfTheSameNameIsTold() {
        let twin = ProcessReport(instance: "own", start: "another", seen: Self.now)
        #expect(findings(consistency(old), [.process(twin)]).map(\.subject) == [.instance])
        #expect(findings(consistency(old), [.process(process(old))]).isEmpty)
    }

    @Test func aNodeThatTheRegistryDoesNotListIsToldWithTheCommand() {
        let found = consistency(old).findings(in: directory([]), clock: ClockSkew(), now: Self.now)
        #expect(found.map(\.subject) == [.registry] && found[0].text.contains(Self.address) && found[0].text.hasSuffix("Add it."))
    }

    @Test func aClockIsToldAndFarOffItBlocks() {
        let facts = [Fact.process(process(old, "b", offset: 0)), .process(process(old, "c", offset: 3)), .process(process(old, "d"))]
        func found(_ offset: Int64) -> [ProcessConsistency.Finding] {
            var clock = ClockSkew()
            clock.measure(sent: Self.now.adding(milliseconds: offset), appended: Self.now, received: Self.now.adding(milliseconds: offset))
            clock.compare(with: consistency(old).offsets(in: directory(facts), now: Self.now))
            return findings(consistency(old), facts, clock: clock)
        }
        #expect(found(900).isEmpty)
        #expect(found(1100).map(\.isBlocking) == [false] && found(-3_600_000).map(\.isBlocking) == [true])
        #expect(
            found(3_600_000)[0].text.hasPrefix("this process's clock is 3600.0 s ahead of that of this node's other processes (b, c, d)"))
        #expect(found(-1500)[0].text.contains("1.5 s behind that of"))
    }
}
