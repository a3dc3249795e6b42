import ArgumentParser
import Conformance
import Glibc
import OCPI

/// `ocn conformance`: tests a running hub over HTTP.
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Test a running OCPI hub against the requirements of OCPI 2.2 and 2.2.1 for hubs.",
        discussion: """
            Connects five platforms of its own to the hub, each a real HTTP server, and tries the hub from outside: registration, routing, \
            Broadcast Push, Open Routing, GET All, pagination, HubClientInfo and the rules of the modules. Prints a table of all \
            requirements, their level (M must, S should, D derived) and what was found. Exit status 1 if a requirement of level M is not \
            met, 2 if the parties could not be registered.

            Before it starts, the hub has to know the parties: DE-CPA, DE-CPB (CPOs), DE-MSA, DE-MSB (eMSPs), DE-MUL and DE-MUM (CPO and \
            eMSPs on one platform), DE-NEW (comes and goes) and DE-OFF (never registers). In the registry of a node of this project they \
            are listed under that node. ZZ-ZZZ must not be registered anywhere. --party gives any of them another id.

            Registration tokens come from the hub's admin API, or from its operator by --token-a; without the admin API everything that \
            needs a platform to come and go is skipped. All platforms leave the hub at the end.

            Example, for a node on this machine:

              ocn conformance --against http://127.0.0.1:8080 --hub-timeout 3 \\
                --admin http://127.0.0.1:8081 --admin-key "$OCN_NODE_ADMIN_KEY"
            """)

    @Option(help: "URL of the hub: its versions endpoint, or what stands before /ocpi/versions.")
    var against: String

    @Option(help: "Base URL of the hub's admin API.")
    var admin: String?

    @Option(help: "Key of the admin API; without it the environment variable OCN_NODE_ADMIN_KEY counts.")
    var adminKey: String?

    @Option(help: ArgumentHelp("Registration token for a platform, by its first party; may be repeated.", valueName: "CC-PID=TOKEN"))
    var tokenA: [String] = []

    @Option(help: ArgumentHelp("The hub's own party.", valueName: "CC-PID"))
    var hubParty = "CH-OCN"

    @Option(help: "OCPI version to speak: 2.2.1 or 2.2.", transform: ConformanceOptions.version)
    var version: OCPIVersion = .v2_2_1

    @Option(help: ArgumentHelp("Seconds that the hub waits for a party before it answers 4002.", valueName: "seconds"))
    var hubTimeout: Int = 30

    @Option(help: "Address that the parties listen on.")
    var listen = "127.0.0.1"

    @Option(help: "Host by which the hub reaches that address, if it is another.")
    var reachAs: String?

    @Option(help: "The parties listen on this port and the five behind it; 0 for free ports.")
    var firstPort = 0

    @Option(
        help: ArgumentHelp(
            "Another id for a party: cpo, other-cpo, emsp, other-emsp, both, sibling, spare, absent or unknown; may be repeated.",
            valueName: "name=CC-PID"))
    var party: [String] = []

    @Option(help: ArgumentHelp("Requirements to try, like 1,2,70-75.", valueName: "numbers"))
    var only: String?

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func run() async throws {
        let numbers = try ConformanceOptions.numbers(only)
        let rig = TestEnvironment(
            hub: try hub(), participants: try ConformanceOptions.participants(party),
            listening: TestEnvironment.Listening(address: listen, reachAs: reachAs, firstPort: firstPort))
        do {
            try await rig.start()
        } catch {
            await rig.stop()
            writeToStandardError("\(error)\n")
            throw ExitCode(2)
        }
        let isTerminal = isatty(STDERR_FILENO) == 1
        let findings = await Runner(rig).run(numbers) { finding in
            writeToStandardError((isTerminal ? Self.emptyLine : "") + ConformanceReport.progress(finding) + (isTerminal ? "" : "\n"))
        }
        if isTerminal { writeToStandardError(Self.emptyLine) }
        await rig.stop()
        let report = ConformanceReport(findings, color: isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil)
        for line in json ? report.json : report.table { print(line) }
        fflush(nil)
        if !report.isPassed { throw ExitCode(1) }
    }

    private func hub() throws -> HubUnderTest {
        if let defect = URLJoin.defect(of: against) { throw ValidationError("--against \(defect)") }
        guard 1...600 ~= hubTimeout else { throw ValidationError("--hub-timeout must be between 1 and 600 seconds") }
        guard 0...65_000 ~= firstPort else { throw ValidationError("--first-port must be between 0 and 65000") }
        var access: HubUnderTest.Admin?
        if let admin {
            if let defect = URLJoin.defect(of: admin) { throw ValidationError("--admin \(defect)") }
            guard let key = adminKey ?? getenv("OCN_NODE_ADMIN_KEY").map({ String(cString: $0) }) else {
                throw ValidationError("--admin needs --admin-key or the environment variable OCN_NODE_ADMIN_KEY")
            }
            access = HubUnderTest.Admin(url: admin, key: Token(key))
        }
        let tokens = try ConformanceOptions.tokens(tokenA)
        guard access != nil || !tokens.isEmpty else {
            throw ValidationError("give --admin, or --token-a for each platform: the parties need registration tokens")
        }
        return HubUnderTest(
            url: against, admin: access, tokensA: tokens, party: try RegistryCommand.party(hubParty), version: version,
            timeout: .seconds(hubTimeout))
    }

    private static let emptyLine = "\r\u{1B}[K"

    /// Writes to standard error, so that standard output contains only the report.
    private func writeToStandardError(_ text: String) {
        let bytes = Array(text.utf8)
        // A failure to print progress must not end the run.
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
