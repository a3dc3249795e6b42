import ArgumentParser
import Directory
import Encoding
import Node
import Notary
import OCPI

/// `ocn identity`: shows a node's key, secret and processes.
struct IdentityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "See which key and secret the node's processes share and how their clocks differ; replace a lost secret.",
        discussion: """
            All processes of a node need the same node.key and node.secret: what one encrypts the others must decrypt. The first process \
            that starts leaves the key's address and a fingerprint of the secret in ocn.state; one with others refuses to start.

            To change node.secret while the node runs, twice restart the processes one after the other: first with the new secret in \
            node.previous_secrets, then with the new one as node.secret and the old one in node.previous_secrets. Keep the old one there \
            until the platforms have registered again: their tokens stay encrypted with it.

            Works on the node's Kafka directly: it needs the node's configuration file.

            Examples:
              ocn identity --config node.yaml
              ocn identity replace --config node.yaml
            """,
        subcommands: [Show.self, Replace.self], defaultSubcommand: Show.self)
}

extension IdentityCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the node's key and secret beside this configuration's, and the processes that run.",
            discussion: """
                CLOCK is how far a process's clock is ahead of Kafka's. SEEN is how long ago, by this machine's clock, the process reported \
                itself last; it does so every 30 s.
                """)
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("identity") { shared, configuration, _ in
                let overview = IdentityOverview(shared.store.directory, configuration, now: .now)
                for line in options.json ? [overview.json.text] : overview.lines { print(line) }
            }
        }
    }

    struct Replace: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make this configuration's key and secret the node's, in place of those that are lost.",
            discussion: """
                For a secret that is lost, or a key that was changed on purpose. First stop all processes. What was encrypted with a secret \
                that is neither node.secret nor among node.previous_secrets cannot be read any more: those platforms have to register \
                again. With another key, the registries of all nodes must list the new address.
                """)
        @Flag(help: "Also while processes run, and also if tokens of platforms are lost by it.") var force = false
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("identity") { shared, configuration, _ in
                let directory = shared.store.directory
                // Compared by Kafka's clock: by a wrong clock all processes would look stopped.
                let now = await shared.measuredClock().kafkaTime(.now)
                let overview = IdentityOverview(directory, configuration, now: now)
                let identity = configuration.identity
                if directory.identity == identity {
                    return print(options.json ? overview.json.text : "The node has this key and secret already; nothing was changed.")
                }
                let running = overview.processes.map(\.instance)
                guard force || running.isEmpty else {
                    throw OperatorError(
                        description:
                            "these processes run, or did a minute ago: \(running.map { OperatorText.printable($0) }.joined(separator: ", ")). "
                            + "Stop them first, or use --force. Nothing was changed.")
                }
                let lost = directory.sealedTokens.unreadable
                guard force || lost.isEmpty else {
                    throw OperatorError(
                        description:
                            "the tokens of \(lost.count) platforms cannot be decrypted with this configuration; they would have to "
                            + "register again: \(lost.prefix(10).map { OperatorText.printable($0) }.joined(separator: ", ")). List the old "
                            + "secret in node.previous_secrets, or use --force. Nothing was changed.")
                }
                try await shared.writer.write([.put(.identity(identity))])
                if options.json {
                    return print(IdentityOverview(shared.store.directory, configuration, now: now).json.text)
                }
                print("the node's key is now that of \(identity.operatorAddress), its secret that of this configuration")
                if !lost.isEmpty { print("\(lost.count) platforms have to register again") }
            }
        }
    }
}

extension SharedResources {
    /// Measures this machine's clock against Kafka's, with a record in `ocn.state` that has no effect.
    func measuredClock() async -> ClockSkew {
        let sent = Timestamp.now
        let appended = await withCheckedContinuation { answer in
            writer.post(.delete(key: FactKey.process("ocn identity replace"))) { answer.resume(returning: $0) }
        }
        var clock = ClockSkew()
        clock.measure(sent: sent, appended: appended, received: .now)
        return clock
    }
}

extension NodeConfiguration {
    /// The node identity that this configuration would have.
    var identity: NodeIdentity {
        NodeIdentity(operatorAddress: key.address.hex, secret: secrets.fingerprints(key.address.hex).first ?? "")
    }
}
