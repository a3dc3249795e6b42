import Directory
import Encoding
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Ingress

@Suite struct RulesTests {
    let ingress = TestIngress()
    let remote = party("NL-REM")

    private static let entry = #"{"party_id":"rem","country_code":"nl","modules":["CDRs","lite-Locations"]}"#
    private static let emsp = #"{"party_id":"MSP","country_code":"DE","modules":["locations"]}"#

    // MARK: Lists

    @Test func aPlatformWithoutRulesReadsThatNobodyIsListed() async throws {
        #expect(
            try await read()
                == #"{"signatures":false,"whitelist":{"active":false,"list":[]},"blacklist":{"active":false,"list":[]}}"#)
    }

    @Test func anEntryPutsItsListInForceAndIsReadInUpperCase() async throws {
        try await ask(.post, "whitelist", Self.entry)
        try await ask(.post, "whitelist", Self.emsp)
        let listed =
            #"[{"party_id":"MSP","country_code":"DE","modules":["locations"]},"#
            + #"{"party_id":"REM","country_code":"NL","modules":["cdrs","lite-locations"]}]"#
        #expect(
            try await read()
                == #"{"signatures":false,"whitelist":{"active":true,"list":\#(listed)},"blacklist":{"active":false,"list":[]}}"#)
        #expect(refusal(of: remote, .cdrs) == nil && refusal(of: remote, .sessions) != nil)
        #expect(refusal(of: party("FR-OFF"), .cdrs) != nil)
    }

    @Test func onlyOneListIsInForce() async throws {
        for (list, other) in [("whitelist", "blacklist"), ("blacklist", "whitelist")] {
            try await ask(.post, list, Self.entry)
            let before = try await read()
            let refused: [(OCPI.Method, String, String?)] = [
                (.post, other, Self.emsp), (.put, other, "[\(Self.emsp)]"), (.delete, "\(other)/NL/REM", nil),
            ]
            for (method, path, body) in refused {
                #expect(try await refusal(method, path, body)?.code == .clientError, "\(method) \(path)")
            }
            try await ask(.put, other, "[]")
            #expect(try await read() == before, "emptying the list that is not active changes nothing")
            try await ask(.put, list, "[]")
        }
        #expect(directory.rules(of: "cpo") == OCNRules())
    }

    @Test func aPartyIsListedOncePerPlatform() async throws {
        try await ask(.post, "blacklist", Self.entry)
        let again = #"{"party_id":"REM","country_code":"NL","modules":["tokens"]}"#
        let error = try await refusal(.post, "blacklist", again)
        #expect(error == OCPIError(code: .invalidParameters, message: "NL-REM is on the blacklist already"))
        try await ask(.post, "blacklist", again, as: "msp")
        #expect(refusal(of: remote, .tokens) == nil && refusal(of: remote, to: "DE-MSP", .tokens) != nil)
    }

    @Test func aListIsReplacedAndEmptiedAsAWhole() async throws {
        try await ask(.post, "whitelist", Self.entry)
        try await ask(.put, "whitelist", "[\(Self.emsp)]")
        #expect(directory.rules(of: "cpo").entries == [OCNRules.Entry(party: party("DE-MSP"), modules: [.locations])])
        try await ask(.put, "whitelist", "[]")
        #expect(directory.rules(of: "cpo") == OCNRules() && directory.ruleEntries(of: "cpo", .whitelist).isEmpty)
    }

    @Test func aListEndsWithItsLastEntryButNotByDeletingSomebodyElse() async throws {
        try await ask(.put, "blacklist", "[\(Self.entry),\(Self.emsp)]")
        try await ask(.delete, "blacklist/%6El/r%65m")
        try await ask(.delete, "blacklist/FR/OFF")
        #expect(directory.rules(of: "cpo").active == .blacklist && directory.rules(of: "cpo").entries.count == 1)
        try await ask(.delete, "blacklist/DE/MSP")
        #expect(directory.rules(of: "cpo") == OCNRules())
        #expect(try await refusal(.delete, "blacklist/DE/MSP")?.message == "The blacklist is not active")
    }

    @Test func blockAllLetsNobodyThroughUntilTheWhitelistIsEmptied() async throws {
        try await ask(.post, "whitelist", Self.entry)
        try await ask(.post, "whitelist", Self.entry, as: "msp")
        try await ask(.put, "block-all")
        #expect(refusal(of: remote, .cdrs) != nil)
        #expect(refusal(of: remote, to: "DE-MSP", .cdrs) == nil, "the rules of other platforms stay")
        try await ask(.delete, "whitelist/NL/REM")
        #expect(refusal(of: remote, .cdrs) != nil, "nobody was listed, so nothing was deleted")
        try await ask(.put, "whitelist", "[]")
        #expect(refusal(of: remote, .cdrs) == nil)
        try await ask(.post, "blacklist", Self.emsp)
        #expect(try await refusal(.put, "block-all")?.code == .clientError)
    }

    // MARK: Signatures

    @Test func signaturesAreToggledAndStayWhenListsChange() async throws {
        try await ask(.put, "signatures")
        try await ask(.put, "block-all")
        try await ask(.put, "whitelist", "[]")
        #expect(directory.wantsSignatures(party("CH-CPO")), "the rules are those of all parties of the platform")
        try await ask(.put, "signatures")
        #expect(!directory.wantsSignatures(party("CH-CPO")))
    }

    @Test func whatAnotherProcessStoredAMomentAgoIsToggled() async throws {
        ingress.state.withLock { $0.waiting = [.rules(platform: "cpo", signatures: true, active: nil)] }
        try await ask(.put, "signatures")
        #expect(!directory.wantsSignatures(party("DE-CPO")))
    }

    // MARK: Refusals

    @Test(arguments: [
        ("", 2001), ("{", 2001), ("[]", 2001), (#""text""#, 2001), ("{}", 2001), (#"{"party_id":"REM","modules":[]}"#, 2001),
        (#"{"party_id":"REMO","country_code":"NL","modules":[]}"#, 2001), (#"{"party_id":"REM","country_code":"NL"}"#, 2001),
        (#"{"party_id":"REM","country_code":"NL","modules":"cdrs"}"#, 2001),
        (#"{"party_id":"REM","country_code":"NL","modules":[1]}"#, 2001),
        (#"{"party_id":"REM","country_code":"NL","modules":["a b"]}"#, 2001),
        (#"{"party_id":"REM","country_code":"NL","modules":["cdrs",""]}"#, 2000),
    ])
    func anEntryThatIsNoneIsRefused(_ body: String, _ code: Int) async throws {
        for list in ["whitelist", "blacklist"] {
            #expect(try await refusal(.post, list, body)?.code.rawValue == code)
            if body != "[]" { #expect(try await refusal(.put, list, body.isEmpty ? "" : "[\(body)]")?.code.rawValue == code) }
        }
        #expect(directory.rules(of: "cpo") == OCNRules())
    }

    @Test func aListNeedsModulesAndEachPartyOnceWhileASingleEntryMayHaveNone() async throws {
        let none = #"{"party_id":"REM","country_code":"NL","modules":[]}"#
        #expect(try await refusal(.put, "whitelist", "[\(none)]")?.code == .clientError)
        let twice = try await refusal(.put, "whitelist", "[\(Self.entry),\(Self.entry)]")
        #expect(twice == OCPIError(code: .invalidParameters, message: "NL-REM is in the list twice"))
        #expect(try await refusal(.put, "whitelist", "{}")?.code == .invalidParameters)
        try await ask(.post, "blacklist", none)
        #expect(refusal(of: remote, .cdrs) != nil && refusal(of: remote, .sessions) != nil)
    }

    @Test func aListHasABound() async throws {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        let names = letters.flatMap { first in letters.flatMap { second in ["A", "B"].map { "\(first)\(second)\($0)" } } }
        let entries = names.prefix(OCNRules.maximumEntries + 1).map { #"{"party_id":"\#($0)","country_code":"DE","modules":["cdrs"]}"# }
        let error = try await refusal(.put, "blacklist", "[" + entries.joined(separator: ",") + "]")
        #expect(error?.code == .invalidParameters)
        try await ask(.put, "blacklist", "[" + entries.dropLast().joined(separator: ",") + "]")
        #expect(directory.rules(of: "cpo").entries.count == OCNRules.maximumEntries)
    }

    @Test(arguments: [
        ("white", OCPI.Method.get, 404), ("whitelist/NL", .delete, 404), ("whitelist/NL/REM/x", .delete, 404), ("Signatures", .put, 404),
        ("", .put, 405), ("", .head, 405), ("whitelist", .get, 405), ("signatures", .get, 405), ("block-all", .post, 405),
        ("blacklist/NL/REM", .put, 405),
    ])
    func whatIsNotThereIsNotFoundOrNotAllowed(_ path: String, _ method: OCPI.Method, _ status: Int) async throws {
        let error = try await refusal(method, path, "[]")
        #expect(error?.httpStatus(for: .v2_2_1) == status)
        if case .methodNotAllowed(let methods) = error?.kind { #expect(!methods.isEmpty && !methods.contains(method)) }
    }

    @Test func anAddressThatIsNoPartyIsRefused() async throws {
        try await ask(.post, "whitelist", Self.entry)
        #expect(try await refusal(.delete, "whitelist/NLD/REM")?.code == .invalidParameters)
    }

    // MARK: Storing

    @Test func aWriteThatFailsIsToldAndKeepsTheRules() async throws {
        ingress.state.withLock { $0.writeFails = true }
        #expect(try await refusal(.put, "block-all")?.code == .serverError)
        #expect(directory.rules(of: "cpo") == OCNRules())
    }

    @Test func aWriteThatIsOvertakenIsTold() async throws {
        var dependencies = ingress.dependencies
        let write = dependencies.write
        dependencies.write = { (changes) throws(StateError) in
            try await write(changes)
            try await write([.put(.rules(platform: "cpo", signatures: true, active: nil))])
        }
        await #expect(throws: OCPIError.self) {
            try await RulesModule(dependencies: dependencies, logger: TestIngress.silent).answer(
                .put, rest: "block-all", body: nil, platform: Platform(id: "cpo"), directory: directory)
        }
    }

    @Test func aPlatformThatHasLeftMeanwhileLeavesNoRules() async throws {
        let error = try await refusal(.put, "block-all", as: "gone")
        #expect(error?.kind == .unauthorized && directory.fact(FactKey.rules("gone")) == nil)
    }

    // MARK: Asking

    private var directory: Directory { ingress.dependencies.directory() }

    @discardableResult
    private func ask(
        _ method: OCPI.Method, _ rest: String, _ body: String? = nil, as platform: String = "cpo"
    ) async throws(OCPIError) -> JSONValue? {
        try await RulesModule(dependencies: ingress.dependencies, logger: TestIngress.silent).answer(
            method, rest: rest, body: body.map { ByteBuffer(string: $0) }, platform: Platform(id: platform), directory: directory)
    }

    private func read() async throws -> String? { try await ask(.get, "")?.text }

    private func refusal(
        _ method: OCPI.Method, _ rest: String, _ body: String? = nil, as platform: String = "cpo"
    ) async throws -> OCPIError? {
        do throws(OCPIError) {
            try await ask(method, rest, body, as: platform)
            return nil
        } catch {
            return error
        }
    }

    private func refusal(of sender: PartyID, to receiver: String = "DE-CPO", _ module: ModuleID) -> String? {
        directory.refusal(of: sender, to: party(receiver), module)
    }
}
