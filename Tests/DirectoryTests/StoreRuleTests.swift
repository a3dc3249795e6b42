import Directory
import Encoding
import OCPI
import Testing

@Suite struct StoreRuleTests {
    @Test(arguments: [
        (ModuleID.locations, Method.put), (.sessions, .put), (.tokens, .put), (.tariffs, .put), (.tariffs, .delete),
    ])
    func aRuleSurvivesOCNState(_ module: ModuleID, _ method: OCPI.Method) throws {
        let rule = try StoreRule(recipient: try party("de-cpo"), module: module, method: method)
        let fact = Fact.storeRule(rule)
        #expect(fact.key == "store/DE-CPO/\(module)/\(method)" && rule.description == "DE-CPO \(module) \(method)")
        #expect(Fact(key: fact.key, json: try JSONValue.parse(fact.json.text)) == fact)
    }

    @Test(arguments: [
        (ModuleID.sessions, Method.post, "sent twice"), (.locations, .patch, "sent twice"), (.cdrs, .post, "sent twice"),
        (.tokens, .get, "needs the recipient's answer"), (.sessions, .head, "needs the recipient's answer"),
        (.tokens, Method(rawValue: "put"), "no method put"),
        (.commands, .put, "acts on the recipient's answer"), (.chargingprofiles, .put, "acts on the recipient's answer"),
        (.chargingprofiles, .delete, "acts on the recipient's answer"),
        (.sessions, .delete, "has no DELETE"), (.cdrs, .put, "has no PUT"),
        (.credentials, .put, "not passed on by rules"), (.versions, .put, "not passed on by rules"),
        (.hubclientinfo, .put, "not passed on by rules"), (ModuleID(rawValue: "parking"), .put, "not passed on by rules"),
    ])
    func whatNeedsAnAnswerOrIsNotTheSameTwiceIsRefused(_ module: ModuleID, _ method: OCPI.Method, _ reason: String) throws {
        let recipient = try party("DE-CPO")
        do throws(StoreRuleError) {
            let rule = try StoreRule(recipient: recipient, module: module, method: method)
            Issue.record("made: \(rule)")
        } catch {
            #expect(error.description.contains(reason), "\(error)")
        }
        let json: JSONValue = ["recipient": "DE-CPO", "module": .string(module.rawValue), "method": .string(method.rawValue)]
        #expect(Fact(key: "store/DE-CPO/\(module)/\(method)", json: json) == nil, "from the log neither")
    }

    @Test func aRefusalNamesWhatCanBeStored() throws {
        let recipient = try party("DE-CPO")
        #expect {
            try StoreRule(recipient: recipient, module: .versions, method: .put)
        } throws: {
            "\($0)".contains("locations PUT, sessions PUT, tariffs PUT, tariffs DELETE, tokens PUT")
        }
    }

    @Test(arguments: [
        ("store/DE-CPO/sessions/PUT", #"{"recipient":"DECPO","module":"sessions","method":"PUT"}"#),
        ("store/DE-CPO/sessions/PUT", #"{"recipient":"DE-CPO","module":"sessions"}"#),
        ("store/DE-CPO/sessions/PUT", #"{"recipient":"DE-CPO","module":"tokens","method":"PUT"}"#),
        ("store/de-cpo/sessions/PUT", #"{"recipient":"DE-CPO","module":"sessions","method":"PUT"}"#),
    ])
    func halfARuleOrOneUnderAnotherKeyIsNone(key: String, json: String) throws {
        #expect(Fact(key: key, json: try JSONValue.parse(json)) == nil)
    }

    @Test func theDirectoryTellsWhatIsStored() throws {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret for tests".utf8)))
        let (cpo, msp) = (try party("DE-CPO"), try party("DE-MSP"))
        #expect(directory.storeRules.isEmpty && !directory.isStored(to: cpo, module: .tokens, method: .put))
        let rules = [
            try StoreRule(recipient: msp, module: .sessions, method: .put), try StoreRule(recipient: msp, module: .tariffs, method: .put),
            try StoreRule(recipient: cpo, module: .tokens, method: .put), try StoreRule(recipient: msp, module: .tariffs, method: .delete),
        ]
        for rule in rules + rules {
            let fact = Fact.storeRule(rule)
            directory.apply(key: fact.key, fact)
        }
        let names = ["DE-CPO tokens PUT", "DE-MSP sessions PUT", "DE-MSP tariffs DELETE", "DE-MSP tariffs PUT"]
        #expect(directory.storeRules.map(\.description) == names)
        #expect(directory.isStored(to: try party("de-msp"), module: .tariffs, method: .delete))
        #expect(
            !directory.isStored(to: msp, module: .tokens, method: .put) && !directory.isStored(to: msp, module: .sessions, method: .patch))

        for rule in rules { directory.apply(key: FactKey.storeRule(rule), nil) }
        #expect(directory.storeRules.isEmpty && !directory.isStored(to: msp, module: .tariffs, method: .delete))
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
}
