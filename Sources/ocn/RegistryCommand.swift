import ArgumentParser
import Directory
import Kafka
import Logging
import OCPI
import Registry
import Topics
import Wire

/// `ocn registry`: edits the registry that lives in the node's own `ocn.state`.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "List and edit nodes, parties, services and agreements.",
        discussion: """
            For nodes with registry.source: state. Works on the node's Kafka directly, so it needs the node's configuration file but no \
            running node. Changes take effect at once: an agreement is seen by every request that is sent after this command has returned.
            """,
        subcommands: [
            List.self, AddNode.self, AddParty.self, AddService.self, Agree.self, Revoke.self, RemoveNode.self, RemoveParty.self,
            RemoveService.self,
        ])

    /// Reads `DE-CPO`.
    static func party(_ text: String) throws -> PartyID {
        guard let party = PartyID(text) else { throw ValidationError("'\(text)' is no party: write country code and party id like DE-CPO") }
        return party
    }
}

/// Options of every registry command.
struct RegistryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("YAML configuration file of the node.", valueName: "path"))
    var config: String?

    @Option(help: ArgumentHelp("Kafka's host:port; as kafka.bootstrap.", valueName: "host:port"))
    var bootstrap: String?

    /// Connects to the node's Kafka, lets `work` edit, and disconnects.
    func edit(_ work: (RegistryEditor, StateStore) async throws -> Void) async throws {
        Program.bootstrap(level: .warning)
        let configuration = try NodeConfiguration.load(path: config, flags: NodeConfiguration.flags(bootstrap: bootstrap))
        guard configuration.registryFile == nil else {
            throw ValidationError("this node's registry is the file \(configuration.registryFile ?? ""): edit that file instead")
        }
        let shared = try await SharedResources.open(configuration, logger: Logger(label: "registry"))
        do {
            try await work(RegistryEditor(writer: shared.writer, store: shared.store, topics: shared.topicUpkeep), shared.store)
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }
}

extension RegistryCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show everything the registry holds.")
        @OptionGroup var options: RegistryOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await options.edit { _, store in
                let directory = store.directory
                let facts =
                    directory.nodes.map(Fact.node) + directory.parties.map(Fact.party) + directory.services.map(Fact.service)
                    + directory.agreements.map(Fact.agreement)
                if json {
                    print(JSONValue.array(facts.map { .object(["key": .string($0.key), "value": $0.json]) }).text)
                } else if facts.isEmpty {
                    print("The registry is empty. Add a node first: ocn registry add-node --help")
                } else {
                    for fact in facts { print(describe(fact)) }
                }
            }
        }

        private func describe(_ fact: Fact) -> String {
            switch fact {
            case .node(let node): "node       \(node.operatorAddress)  \(node.url)  (\(node.dialect), \(node.source))"
            case .party(let party):
                "party      \(party.party)  \(party.roles.joined(separator: ","))  at \(party.operatorAddress)  (\(party.source))"
            case .service(let service):
                "service    \(service.provider)  '\(service.name)'  permissions \(service.permissions.map(String.init).joined(separator: ","))"
                    + "  \(service.delivery.rawValue)  (\(service.source))"
            case .agreement(let agreement): "agreement  \(agreement.user) -> \(agreement.provider)  (\(agreement.source))"
            case .platform, .endpoints, .status, .claim, .clientInfo, .announced, .rules, .rule, .leader, .outbox, .outboxDone, .breaker,
                .storeRule:
                fact.key
            }
        }
    }

    struct AddNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a node, or change its URL.")
        @Argument(help: "The operator's address: 0x and 40 hex digits.") var operatorAddress: String
        @Argument(help: "The node's public URL.") var url: String
        @Flag(help: "It runs this program too: bodies go to it untouched. Leave out for the reference node.") var verbatim = false
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in
                try await editor.add(
                    NetworkNode(operatorAddress: operatorAddress, url: url, isVerbatim: verbatim, source: RegistryEditor.source))
            }
            print("node \(operatorAddress) is at \(url)")
        }
    }

    struct AddParty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a party, or move it to another node.")
        @Argument(help: "The party, e.g. DE-CPO.", transform: RegistryCommand.party) var party: PartyID
        @Argument(help: "Address of the operator whose node it uses.") var operatorAddress: String
        @Option(name: .customLong("role"), help: "CPO, EMSP, HUB, NAP, NSP, OTHER or SCSP; may be repeated.") var roles: [String] = []
        @Option(help: "The party's own address, if it signs.") var address: String?
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in
                try await editor.add(
                    NetworkParty(
                        party: party, roles: roles, partyAddress: address, operatorAddress: operatorAddress, source: RegistryEditor.source))
            }
            print("party \(party) uses the node of \(operatorAddress)")
        }
    }

    struct AddService: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish a service that asks for copies, or change it.",
            discussion: """
                Permissions: 0 everything, 1 all sender, 2 all receiver interfaces; then sender/receiver pairs: 3/4 locations, \
                5/6 sessions, 7/8 cdrs, 9/10 tariffs, 11/12 tokens, 13/14 commands, 15/16 charging profiles.
                """)
        @Argument(help: "The party that offers it, e.g. DE-BIL.", transform: RegistryCommand.party) var provider: PartyID
        @Option(help: "What people call it.") var name: String = ""
        @Option(help: "Where people read about it.") var url: String?
        @Option(name: .customLong("permission"), help: "Permission number 0 to 16; may be repeated.") var permissions: [Int]
        @Flag(help: "The service reads its topic itself instead of being called over HTTP.") var readsTopic = false
        @OptionGroup var options: RegistryOptions

        func validate() throws {
            for number in permissions where Permission(rawValue: number) == nil {
                throw ValidationError("there is no permission \(number); they go from 0 to 16")
            }
        }

        func run() async throws {
            try await options.edit { editor, _ in
                try await editor.add(
                    NetworkService(
                        provider: provider, name: name, url: url, permissions: permissions, delivery: readsTopic ? .topic : .push,
                        source: RegistryEditor.source))
            }
            print("service of \(provider) is published")
        }
    }

    struct Agree: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Record that a party agrees to a service.")
        @Argument(help: "The party whose requests are copied.", transform: RegistryCommand.party) var user: PartyID
        @Argument(help: "The party that offers the service.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in try await editor.agree(user: user, provider: provider) }
            print("\(provider) receives copies of what \(user) sends from now on")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End an agreement.")
        @Argument(help: "The party whose requests were copied.", transform: RegistryCommand.party) var user: PartyID
        @Argument(help: "The party that offers the service.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in try await editor.revoke(user: user, provider: provider) }
            print("\(provider) receives no more copies of what \(user) sends")
        }
    }

    struct RemoveNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a node.")
        @Argument(help: "The operator's address.") var operatorAddress: String
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in try await editor.removeNode(operatorAddress) }
            print("node \(operatorAddress) is removed")
        }
    }

    struct RemoveParty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a party.")
        @Argument(help: "The party.", transform: RegistryCommand.party) var party: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in try await editor.removeParty(party) }
            print("party \(party) is removed")
        }
    }

    struct RemoveService: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Withdraw a service.")
        @Argument(help: "The party that offers it.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit { editor, _ in try await editor.removeService(provider) }
            print("service of \(provider) is withdrawn")
        }
    }
}
