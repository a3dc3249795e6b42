import ArgumentParser
import Directory
import Encoding
import Kafka
import Logging
import Node
import OCPI
import Registry
import Topics

/// `ocn registry`: edits the registry in the node's `ocn.state`.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "List, check and edit nodes, parties, services and agreements.",
        discussion: """
            Works on the node's Kafka directly, so it needs the node's configuration file but no running node. Entries are edited where \
            registry.source is state; where it is a file, edit that file. What makes no sense is refused, in a file as on the command \
            line. Changes take effect at once: an agreement is seen by every request that is sent after this command has returned.

            Examples:
              ocn registry list --config node.yaml
              ocn registry check registry.yaml
              ocn registry add-node --config node.yaml 0x11b2d450ff69aed749389ce8a984eb2ea2b91cf2 https://node.example
              ocn registry add-party --config node.yaml DE-CPO 0x11b2d450ff69aed749389ce8a984eb2ea2b91cf2 --role CPO
              ocn registry add-service --config node.yaml DE-BIL --name Billing --permission 8
              ocn registry agree --config node.yaml DE-CPO DE-BIL
              ocn registry remove-party --config node.yaml DE-CPO --force
            """,
        subcommands: [
            List.self, Check.self, AddNode.self, AddParty.self, AddService.self, Agree.self, Revoke.self, RemoveNode.self, RemoveParty.self,
            RemoveService.self,
        ])

    /// Parses `DE-CPO`.
    static func party(_ text: String) throws -> PartyID {
        guard let party = PartyID(text) else {
            throw ValidationError("'\(ForeignText.shortened(text))' is no party: write country code and party id like DE-CPO")
        }
        return party
    }

    /// Parses a permission number like `8`, as strictly as in a file.
    static func permission(_ text: String) throws -> Int {
        guard let number = Int(strictly: text) else { throw ValidationError("'\(ForeignText.shortened(text))' is no permission number") }
        return number
    }
}

extension RegistryCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show everything the registry holds.",
            discussion: "What the node goes by, whatever its registry.source is; the source stands beside each entry. Creates nothing.")
        @OptionGroup var options: RegistryOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let configuration = try options.configuration()
            let directory = try await StateReading.directory(configuration, logger: Logger(label: "registry"))
            let facts = directory.map { RegistryEntries($0).facts } ?? []
            for line in json ? [RegistryText.json(facts)] : RegistryText.list(facts) { print(line) }
            for note in notes(configuration, directory) { WaitNotice.write("note: \(note)") }
        }

        private func notes(_ configuration: NodeConfiguration, _ directory: Directory?) -> [String] {
            var notes: [String] = []
            if directory == nil { notes.append("there is no topic \(configuration.topics.state) yet: no node has run here") }
            guard let file = configuration.registryFile else { return notes }
            notes.append("this node's registry is the file \(file): edit it there; what control has published of it is shown here")
            return notes + RegistryText.notes(on: FileSource(path: file), against: directory)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a registry file.",
            discussion: """
                Says everything that is wrong with it, by line, and fails if anything is. Needs neither Kafka nor a configuration. An \
                entry must find all that it refers to in the file itself.
                """)
        @Argument(help: ArgumentHelp("The YAML file.", valueName: "file")) var file: String

        func run() throws {
            do throws(RegistryError) {
                print("\(file): \(RegistryText.summary(try FileSource(path: file).entries())); nothing is wrong")
            } catch {
                for problem in error.problems { print(problem) }
                throw ExitCode.failure
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
            let node = NetworkNode(operatorAddress: operatorAddress, url: url, isVerbatim: verbatim, source: RegistryEditor.source)
            let outcome = try await options.edit(missingTopics: .created) { try await $0.add(node) }
            print(RegistryText.outcome(outcome, .node(node), added: "node \(node.operatorAddress) is added, at \(url)"))
        }
    }

    struct AddParty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a party, change its roles, or move it to another node.")
        @Argument(help: "The party, e.g. DE-CPO.", transform: RegistryCommand.party) var party: PartyID
        @Argument(help: "Address of the operator whose node it uses.") var operatorAddress: String
        @Option(
            name: .customLong("role"),
            help: "What it is: \(PartyRole.names.joined(separator: ", ")). At least one; may be repeated. All roles are replaced.")
        var roles: [String] = []
        @Option(help: "The party's own address, if it signs.") var address: String?
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            let entry = NetworkParty(
                party: party, roles: roles, partyAddress: address, operatorAddress: operatorAddress, source: RegistryEditor.source)
            let outcome = try await options.edit { try await $0.add(entry) }
            let added = "party \(party) is added: \(roles.joined(separator: ", ")), at the node of \(entry.operatorAddress)"
            print(RegistryText.outcome(outcome, .party(entry), added: added))
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
        @Option(
            name: .customLong("permission"), help: "Permission number 0 to 16; may be repeated.", transform: RegistryCommand.permission)
        var permissions: [Int]
        @Flag(help: "The service reads its topic itself instead of being called over HTTP.") var readsTopic = false
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            let service = NetworkService(
                provider: provider, name: name, url: url, permissions: permissions, delivery: readsTopic ? .topic : .push,
                source: RegistryEditor.source)
            let outcome = try await options.edit { try await $0.add(service) }
            let numbers = permissions.map(String.init).joined(separator: ", ")
            let added = "service of \(provider) is published: permissions \(numbers), delivery \(service.delivery.rawValue)"
            print(RegistryText.outcome(outcome, .service(service), added: added))
        }
    }

    struct Agree: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Record that a party agrees to a service.")
        @Argument(help: "The party whose requests are copied.", transform: RegistryCommand.party) var user: PartyID
        @Argument(help: "The party that offers the service.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            let outcome = try await options.edit { try await $0.agree(user: user, provider: provider) }
            let agreement = Fact.agreement(Agreement(user: user, provider: provider, source: RegistryEditor.source))
            print(RegistryText.outcome(outcome, agreement, added: "\(provider) receives copies of what \(user) sends from now on"))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End an agreement.")
        @Argument(help: "The party whose requests were copied.", transform: RegistryCommand.party) var user: PartyID
        @Argument(help: "The party that offers the service.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.edit(isRemoval: true) { try await $0.revoke(user: user, provider: provider) }
            print("\(provider) receives no more copies of what \(user) sends; copies that wait to be pushed are withheld")
        }
    }

    struct RemoveNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a node.")
        @Argument(help: "The operator's address.") var operatorAddress: String
        @OptionGroup var removal: RemovalOptions
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.remove("node \(operatorAddress)") {
                try await $0.removeNode(operatorAddress, withDependents: removal.force)
            }
        }
    }

    struct RemoveParty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a party.")
        @Argument(help: "The party.", transform: RegistryCommand.party) var party: PartyID
        @OptionGroup var removal: RemovalOptions
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.remove("party \(party)") { try await $0.removeParty(party, withDependents: removal.force) }
        }
    }

    struct RemoveService: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw a service.",
            discussion: "Its outbox stays until its records expire. With its agreements gone, copies that wait to be pushed are withheld.")
        @Argument(help: "The party that offers it.", transform: RegistryCommand.party) var provider: PartyID
        @OptionGroup var removal: RemovalOptions
        @OptionGroup var options: RegistryOptions

        func run() async throws {
            try await options.remove("service of \(provider)") { try await $0.removeService(provider, withDependents: removal.force) }
        }
    }
}
