import ArgumentParser
import Fuzz

/// `ocn fuzz`: sends unexpected input to a node, which must handle it.
struct FuzzCommand: AsyncParsableCommand {
    /// The surfaces that inputs are sent to.
    enum Target: String, ExpressibleByArgument, CaseIterable {
        case `public`, node, records, all

        var surfaces: [Surface] { Surface(rawValue: rawValue).map { [$0] } ?? Surface.allCases }
    }

    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Send generated input to a node of its own for a while, and check that it keeps working.",
        discussion: """
            Starts an in-memory Kafka, a node with all roles in a process of its own, and parties with real HTTP servers. Then input goes to \
            three surfaces at the same time:

              public    raw bytes over TCP (broken HTTP, odd heads, lengths and chunks, pipelining) and clear requests with valid tokens in \
            which anything else may be wrong: paths, queries, headers, bodies
              node      /ocn/message and /ocn/client-info as another node could send them: unsigned, badly signed, and well signed with \
            any contents
              records   records in every topic of the node, as somebody may write them who has a right that only its processes should have

            Every run begins with a list of inputs that are longer than anything may be, each of which must end as a refusal or a dead letter. \
            Meanwhile other parties exchange sessions, of which a service gets copies. At the end the node's probes are checked; it is killed and \
            started again from what is in Kafka by then.

            A finding is: the process ended; an answer without an OCPI envelope where one is due, or with an unexpected error; no \
            answer within 20 s; two answers for one request; memory that grew by more than 96 MiB after the warm-up (a third of the time, at \
            most a minute), or open descriptors by more than 24; /health or /ready that do not answer 200 afterwards; a control exchange that \
            failed; a node that does not start again. It is reported with its input, without tokens, and with the options that repeat it: the \
            same seed makes the same cases, each by itself.

            Exit status 1 if there are findings. Progress goes to standard error.
            """)

    @OptionGroup var testbed: TestbedOptions

    @Option(help: "Seed of the cases, which are the same for the same seed (default: random; it is printed).")
    var seed: UInt64?

    @Option(help: "The surface that input is sent to.")
    var surface: Target = .all

    @Option(
        name: .customLong("case"),
        help: ArgumentHelp(
            "Send only this case of one --surface, as a finding names it; --seconds does not count then.", valueName: "number"))
    var onlyCase: Int?

    func validate() throws {
        guard let onlyCase else { return }
        guard onlyCase >= 0 else { throw ValidationError("--case must not be below 0") }
        guard surface != .all else {
            throw ValidationError("--case needs one --surface: \(Surface.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard seed != nil else { throw ValidationError("--case needs the --seed it was found with") }
    }

    func run() async throws {
        var options = FuzzOptions(seconds: testbed.seconds, seed: seed ?? TestbedOptions.anySeed)
        options.surfaces = surface.surfaces
        options.onlyCase = onlyCase
        options.brokers = testbed.brokers
        options.logs = testbed.logs
        try await testbed.run("fuzz") { [options] host in
            try await Fuzzer(options, host: host) { WaitNotice.write($0) }.run()
        }
    }
}
