import Directory
import OCPI
import Testing

@testable import ocn

@Suite struct StoreTextTests {
    @Test func rulesAreATableOrAnArray() throws {
        let cpo = try #require(PartyID("DE-CPO"))
        let rules = [
            try StoreRule(recipient: cpo, module: .tariffs, method: .delete), try StoreRule(recipient: cpo, module: .tokens, method: .put),
        ]
        #expect(
            StoreText.list(rules, json: false) == [
                "RECIPIENT  MODULE   METHOD", "DE-CPO     tariffs  DELETE", "DE-CPO     tokens   PUT",
            ])
        #expect(
            StoreText.list([rules[1]], json: true) == [#"[{"recipient":"DE-CPO","module":"tokens","method":"PUT"}]"#])
        #expect(StoreText.list([], json: false) == ["Nothing is stored: every request goes straight to its recipient."])
        #expect(StoreText.list([], json: true) == ["[]"])
    }

    @Test func theCommandTakesWhatCanBeStoredAndSaysWhyItRefusesTheRest() throws {
        let recipient = try #require(PartyID("de-msp"))
        func parse(_ module: String, _ method: String) throws -> StoreRule { try StoreText.rule(recipient, module, method) }
        #expect(try parse("Sessions", "put").description == "DE-MSP sessions PUT")
        for (module, method, reason) in [
            ("sessions", "POST", "only PUT and DELETE can"), ("commands", "PUT", "acts on the recipient's answer"),
            ("credentials", "PUT", "not passed on by rules"), ("\u{1B}[2J", "PUT", "\\u{1b}"),
        ] {
            #expect {
                _ = try parse(module, method)
            } throws: {
                "\($0)".contains(reason)
            }
        }
    }
}
