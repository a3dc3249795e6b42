import ArgumentParser
import Directory
import Encoding
import Node
import OCPI
import Operations

/// `ocn store`: edits the store-and-forward rules.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Store and forward: answer for recipients, and deliver messages to them later.",
        discussion: """
            Normally a sender hears what the recipient answers. With a rule, the hub answers 1000 as soon as Kafka has the message, and \
            brings it to the recipient afterwards. For senders 1000 then means "the hub has it", not "the recipient has it":

              - It is tried for at most 10 minutes. Then it is dropped, as it is if the recipient rejects it; the sender is not notified.
              - The newest wins: a PUT or DELETE takes the place of an earlier one of the same URL that waits.
              - A recipient that is OFFLINE, PLANNED or SUSPENDED is answered for with 4003, as without a rule. Nothing is stored for \
            it, and what waits when it goes OFFLINE is dropped.
              - Copies for services are made as without a rule.

            Only PUT of locations, sessions, tariffs and tokens, and DELETE of tariffs, and only of objects that are the sender's own. \
            PATCH and GET go straight to the recipient: they may come before a PUT that still waits. A rule has effect for recipients that \
            are connected to this node, whoever sends.

            Works on the node's Kafka directly: it needs the node's configuration file but no running node. Let all processes of the node \
            run this version before the first rule is added.

            Examples:
              ocn store --config node.yaml
              ocn store add --config node.yaml --recipient DE-MSP --module sessions --method PUT --dry-run
              ocn store remove --config node.yaml --recipient DE-MSP --module sessions --method PUT
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)
}

extension SharedResources {
    func storeRules(_ configuration: NodeConfiguration) -> StoreRules {
        StoreRules(topics: configuration.topics, store: store, writer: writer)
    }
}

extension StoreCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the rules.")
        @Option(help: ArgumentHelp("Only of this recipient.", valueName: "CC-PID"), transform: RegistryCommand.party) var recipient:
            PartyID?
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("store") { shared, configuration, _ in
                for line in StoreText.list(shared.storeRules(configuration).list(recipient), json: options.json) { print(line) }
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Store from now on.",
            discussion: "What a rule means to senders and recipients: ocn store --help. A recipient that is not connected yet may be named."
        )
        @OptionGroup var selection: StoreSelection
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("store") { shared, configuration, _ in
                let report = try await shared.storeRules(configuration).add(selection.rule, isDryRun: selection.dryRun)
                for line in StoreText.report(report, json: options.json) { print(line) }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send straight to the recipient again.",
            discussion: "What waits is delivered all the same, for at most 10 minutes: it may arrive after newer requests.")
        @OptionGroup var selection: StoreSelection
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("store") { shared, configuration, _ in
                let report = try await shared.storeRules(configuration).remove(selection.rule, isDryRun: selection.dryRun)
                for line in StoreText.report(report, json: options.json) { print(line) }
            }
        }
    }
}
