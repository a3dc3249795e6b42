import Directory
import Registry
import Testing

/// Faults in registry files, and their messages.
@Suite struct RegistryFileTests {
    /// Two good entries to begin with, four lines.
    private static let start = """
        nodes: [{ operator: "\(RegistryTests.address)", url: "https://n.example" }]
        parties:
          - { party: DE-CPO, roles: [CPO], operator: "\(RegistryTests.address)" }
          - { party: DE-BIL, roles: [OTHER], operator: "\(RegistryTests.address)" }

        """

    private func problems(_ yaml: String, beside known: KnownEntries = KnownEntries()) -> [String] {
        do throws(RegistryError) {
            _ = try FileSource.parse(yaml, path: "r.yaml", beside: known)
            return []
        } catch {
            return error.problems
        }
    }

    @Test(arguments: [
        ("services: [{ provider: DE-BIL }]", ["r.yaml:5: services[0].permissions: a service must ask for at least one"]),
        ("services: [{ provider: DE-BIL, permissions: [] }]", ["r.yaml:5: services[0].permissions: a service must ask for at least one"]),
        ("services: [{ provider: DE-BIL, permissions: [8, 17] }]", ["r.yaml:5: services[0].permissions: there is no permission 17"]),
        ("services: [{ provider: DE-BIL, permissions: [8, 8] }]", ["r.yaml:5: services[0].permissions: permission 8 is listed twice"]),
        (
            "services: [{ provider: DE-BIL, permissions: [eight] }]",
            ["r.yaml:5: services[0].permissions must be a list of numbers; 'eight'"]
        ),
        ("services: [{ provider: DE-BIL, permissions: 8 }]", ["r.yaml:5: services[0].permissions must be a list like [a, b], not '8'"]),
        (
            "services: [{ provider: DE-BIL, permissions: [8], delivery: pigeon }]",
            ["r.yaml:5: services[0].delivery must be push or topic, not"]
        ),
        ("services: [{ provider: DE-BIL, permissions: [8], url: bil.example }]", ["r.yaml:5: services[0].url: 'bil.example' is no http"]),
        ("services: [{ provider: FR-XXX, permissions: [8] }]", ["r.yaml:5: services[0].provider: FR-XXX is not listed as a party"]),
        (
            "services:\n  - { provider: DE-BIL, permissions: [8] }\n  - { provider: de-bil, permissions: [6] }",
            ["r.yaml:7: services[1].provider: service of de-bil is listed twice, first in line 6"]
        ),
        ("services: { provider: DE-BIL }", ["r.yaml:5: services must be a list, not named values"]),
        ("services: [DE-BIL]", ["r.yaml:5: services[0] must have named values, not be a single value"]),
        ("agreements: [{ user: DE-CPO, provider: DE-BIL }]", ["r.yaml:5: agreements[0].provider: DE-BIL offers no service"]),
        ("agreements: [{ user: DE-CPO }]", ["r.yaml:5: agreements[0].provider is missing"]),
        ("agreements:\n  - user: DECPO\n    provider: DE-BIL", ["r.yaml:6: agreements[0].user must be like DE-CPO, not 'DECPO'"]),
        ("xyz: 1", ["r.yaml:5: xyz is unknown; there are nodes, parties, services, agreements"]),
        ("parties: []", ["r.yaml:2: parties is written twice"]),
        ("services: {", ["r.yaml:"]), ("services: [{ provider: *nobody }]", ["r.yaml:5: what begins with * must be quoted"]),
        ("services: [{ provider: DE-BIL, permissions: [010] }]", ["r.yaml:5: services[0].permissions must be a list of numbers; '010'"]),
        ("services: [{ provider: DE-BIL, permissions: [+8] }]", ["r.yaml:5: services[0].permissions must be a list of numbers; '+8'"]),
        ("services:", ["r.yaml:5: services must be a list; write [] for none"]),
        ("x=hidden: 1", ["r.yaml:5: x… is unknown; there are nodes, parties, services, agreements"]),
        ("\"\\e[2J\": 1", ["r.yaml:5: the file: there is a key that is no name; there are nodes"]),
    ])
    func aMistakeIsNamedWithItsLine(_ yaml: String, _ expected: [String]) {
        let found = problems(Self.start + yaml)
        #expect(found.count == expected.count && zip(found, expected).allSatisfy { $0.hasPrefix($1) }, "\(found)")
    }

    @Test func everythingThatIsWrongIsSaidAtOnceInTheOrderOfLines() {
        let found = problems(
            """
            nodes:
              - operator: "nonsense"
                url: ftp://node.example
                verbatim: perhaps
              - { operator: "\(RegistryTests.address)", url: "http://n.example/?a=1", dialect: ocn-9 }
              - { url: https://nobody.example }
            parties:
              - party: DE-CPO
                roles: [CPOX, cpo, CPO, CPO]
                operator: "\(RegistryTests.address)"
                address: "0x12"
              - { party: DE-BIL, operator: "0x\(String(repeating: "1", count: 40))" }
            """)
        #expect(
            found == [
                "r.yaml:2: nodes[0].operator: 'nonsense' is no address: 0x and 40 hex digits",
                "r.yaml:3: nodes[0].url: 'ftp://node.example' is no http or https URL",
                "r.yaml:4: nodes[0].verbatim must be true or false, not 'perhaps'",
                "r.yaml:5: nodes[1].url: 'http://n.example/?a=1' must have no query and no fragment: paths are added to it",
                "r.yaml:5: nodes[1].dialect: there is no dialect 'ocn-9'; nodes speak ocn-1",
                "r.yaml:6: nodes[2].operator is missing",
                "r.yaml:9: parties[0].roles: OCPI has no role 'CPOX'; roles are CPO, EMSP, HUB, NAP, NSP, OTHER, SCSP; did you mean CPO?",
                "r.yaml:9: parties[0].roles: OCPI has no role 'cpo'; roles are CPO, EMSP, HUB, NAP, NSP, OTHER, SCSP; did you mean CPO?",
                "r.yaml:9: parties[0].roles: role CPO is listed twice",
                "r.yaml:11: parties[0].address: '0x12' is no address: 0x and 40 hex digits",
                "r.yaml:12: parties[1].roles: DE-BIL needs at least one role: CPO, EMSP, HUB, NAP, NSP, OTHER, SCSP",
                "r.yaml:12: parties[1].operator: no node of operator 0x\(String(repeating: "1", count: 40)) is listed; a party needs its node",
            ])
    }

    @Test func oneSlipInANameCausesOneMessage() {
        let address = RegistryTests.address
        #expect(
            problems(
                """
                nodes: [{ oprator: "\(address)", url: https://n.example }]
                partys:
                  - { party: DE-CPO, role: [CPO], operator: "\(address)" }
                  - { party: DE-BIL, roles: [OTHER], operater: "\(address)", colour: red }
                service: [{ provider: DE-BIL, permissions: [8] }]
                agreements: [{ user: DE-CPO, provider: DE-BIL }]
                """) == [
                    "r.yaml:1: nodes[0].oprator is unknown; did you mean operator?",
                    "r.yaml:2: partys is unknown; did you mean parties?",
                    "r.yaml:3: parties[0].role is unknown; did you mean roles?",
                    "r.yaml:4: parties[1].operater is unknown; did you mean operator?",
                    "r.yaml:4: parties[1].colour is unknown; there are party, roles, operator, address",
                    "r.yaml:5: service is unknown; did you mean services?",
                ])
    }

    @Test func referencesToAFaultyEntryAreNoFaults() {
        let address = RegistryTests.address
        #expect(
            problems(
                """
                nodes: [{ operator: "\(address)" }]
                parties: [{ party: DE-CPO, roles: [CPO], operator: "\(address)" }, { party: DE-BIL, roles: [OTHER] }]
                services: [{ provider: DE-BIL, permissions: [x] }]
                agreements: [{ user: DE-CPO, provider: DE-BIL }]
                """
            ).map { $0.prefix(24) } == ["r.yaml:1: nodes[0].url i", "r.yaml:2: parties[1].ope", "r.yaml:3: services[0].pe"])
        let unread = problems("nodes: https://n.example\nparties: [{ party: DE-CPO, roles: [CPO], operator: \"\(address)\" }]")
        #expect(unread == ["r.yaml:1: nodes must be a list, not a single value"])
    }

    @Test(arguments: ["", "\n\n", "# nothing yet\n", "~", "{}", "---\n...\n"])
    func anEmptyFileIsNoEmptyRegistry(_ yaml: String) {
        #expect(problems(yaml) == ["r.yaml: the file is empty; a registry without entries is written `nodes: []`"])
    }

    @Test(arguments: [("- a\n- b", "a list"), ("just text", "a single value"), ("42", "a single value")])
    func aFileThatIsNoRegistryAtAllSaysSo(_ yaml: String, _ kind: String) {
        #expect(
            problems(yaml) == [
                "r.yaml:1: the file must consist of nodes, parties, services, agreements, each with a list, not of \(kind)"
            ])
    }

    @Test(arguments: ["nodes: []", "nodes: []\nparties: []\n", "{ agreements: [] }"])
    func anEmptyRegistryCanBeWritten(_ yaml: String) throws {
        #expect(try FileSource.parse(yaml, path: "r.yaml") == RegistryEntries())
    }

    @Test func aListThatIsLeftEmptyIsNoEmptyRegistry() {
        #expect(problems("nodes:") == ["r.yaml:1: nodes must be a list; write [] for none"])
        #expect(
            problems("# none yet\nnodes:\nparties: ~\n") == [
                "r.yaml:2: nodes must be a list; write [] for none", "r.yaml:3: parties must be a list; write [] for none",
            ])
    }

    @Test(arguments: [
        ("\"https://n.example/\\e[2J\"", "'https://n.example/\\u{1b}[2J' must be printable ASCII without blanks"),
        ("\"https://n.example/a b\"", "'https://n.example/a b' must be printable ASCII without blanks"),
        ("https://n.example/../b", "'https://n.example/../b' must have no dot segments in its path"),
        ("https://n.example/#b", "'https://n.example/#b' must have no query and no fragment: paths are added to it"),
        ("https://anna:hidden@n.example", "the URL must be an http or https URL without user information"),
        (String(repeating: "x", count: 5000), "'\(String(repeating: "x", count: 100))…' is no http or https URL"),
        ("\"a\\a\\nb\"", "'a\\u{7}\\u{a}b' is no http or https URL"),
    ])
    func theURLOfANodeIsCheckedAsTheOperatorsOwnIs(url: String, problem: String) {
        #expect(problems("nodes: [{ operator: \"\(RegistryTests.address)\", url: \(url) }]") == ["r.yaml:1: nodes[0].url: \(problem)"])
    }

    @Test(arguments: [
        ("name: \"Bill\\eing\"", "name: 'Bill\\u{1b}ing' must not hold control characters"),
        ("name: \"Bill\\ning\"", "name: 'Bill\\u{a}ing' must not hold control characters"),
        ("url: \"https://b.example/\\a\"", "url: 'https://b.example/\\u{7}' must be printable ASCII without blanks"),
    ])
    func textShownToOthersCannotControlATerminal(field: String, problem: String) {
        #expect(
            problems(Self.start + "services: [{ provider: DE-BIL, permissions: [8], \(field) }]") == ["r.yaml:5: services[0].\(problem)"])
    }

    @Test func aServicesPageMayHaveAQueryAndItsNameAnyLetters() {
        let more = "services: [{ provider: DE-BIL, permissions: [8], url: \"https://b.example/?a#b\", name: Abrechnung für alle }]"
        #expect(problems(Self.start + more) == [])
    }

    @Test func longWrongValuesAreCut() {
        let long = String(repeating: "y", count: 3000)
        let yaml =
            Self.start + """
                services: [{ provider: \(long), permissions: [8], delivery: \(long) }]
                agreements: [{ user: DE-CPO, provider: \(long) }]
                \(long.prefix(300)): 1
                """
        let found = problems(yaml)
        #expect(found.count == 4 && found.allSatisfy { $0.count < 200 }, "\(found)")
    }

    @Test(.timeLimit(.minutes(5))) func aliasesOfAliasesCostNothing() {
        var file = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            file += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        let found = problems(file + "? *a8 : x\n").map { $0.prefix(30) }
        #expect(found == ["r.yaml:1: what begins with & m", "r.yaml:2: what begins with * m"])
    }

    @Test func entriesOfAnotherSourceCountAsKnownAndEarlierOnesOfThisSourceDoNot() throws {
        let yaml = "parties: [{ party: DE-CPO, roles: [CPO], operator: \"\(RegistryTests.address)\" }]"
        for (source, isKnown) in [("state", true), ("file", false)] {
            var directory = emptyDirectory()
            let node = Fact.node(NetworkNode(operatorAddress: RegistryTests.address, url: "https://n.example", source: source))
            directory.apply(key: node.key, node)
            #expect(problems(yaml, beside: KnownEntries(directory, except: "file")).isEmpty == isKnown, "\(source)")
        }
    }

    @Test func aliasesInQuotesAreText() {
        let yaml = Self.start + "services: [{ provider: DE-BIL, permissions: [8], name: \"*us\" }] # *us"
        #expect(problems(yaml) == [])
        #expect(problems(yaml.replacing("\"*us\"", with: "*us")).map { $0.prefix(30) } == ["r.yaml:5: what begins with * m"])
    }

    @Test func aLongListOfProblemsIsShortInALogLine() {
        let error = RegistryError(problems: (1...8).map { "p\($0)" })
        #expect("\(error)" == "p1; p2; p3; p4; p5; and 3 more")
        #expect("\(RegistryError("only this"))" == "only this")
    }
}
