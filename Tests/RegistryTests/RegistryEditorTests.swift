import Directory
import Kafka
import OCPI
import Registry
import Support
import Testing
import Topics

@Suite struct RegistryEditorTests {
    private let address = RegistryTests.address

    @Test(.timeLimit(.minutes(5))) func entriesAreAddedChangedAndLeftAsTheyAre() async throws {
        try await withEditor { editor, store in
            let node = NetworkNode(operatorAddress: address, url: "https://n.example", source: "state")
            let first = try await editor.add(node)
            #expect(first == .added)
            let version = store.directory.version
            #expect(try await editor.add(node) == .unchanged)
            #expect(store.directory.version == version, "nothing was written")
            let moved = NetworkNode(operatorAddress: address, url: "https://moved.example", source: "state")
            #expect(try await editor.add(moved) == .changed(from: .node(node)))
            #expect(store.directory.nodes == [moved])
        }
    }

    @Test(.timeLimit(.minutes(5))) func commandsAndFilesFollowTheSameRules() async throws {
        try await withEditor { editor, store in
            func refused(_ reasons: String..., by order: () async throws -> Void) async {
                await #expect {
                    try await order()
                } throws: { error in
                    (error as? RegistryError)?.problems.count == reasons.count
                        && zip((error as? RegistryError)?.problems ?? [], reasons).allSatisfy { $0.hasPrefix($1) }
                }
            }
            await refused("'0x1' is no address", "'n.example' is no http or https URL") {
                _ = try await editor.add(NetworkNode(operatorAddress: "0x1", url: "n.example", source: "state"))
            }
            await refused("DE-CPO needs at least one role", "no node of operator \(address) is listed") {
                _ = try await editor.add(
                    NetworkParty(party: try party("DE-CPO"), roles: [], operatorAddress: address, source: "state"))
            }
            _ = try await editor.add(NetworkNode(operatorAddress: address, url: "https://n.example", source: "state"))
            await refused("OCPI has no role 'CPOX'") {
                _ = try await editor.add(
                    NetworkParty(party: try party("DE-CPO"), roles: ["CPOX"], operatorAddress: address, source: "state"))
            }
            await refused("DE-BIL is not listed as a party", "there is no permission 99") {
                _ = try await editor.add(NetworkService(provider: try party("DE-BIL"), name: "", permissions: [99], source: "state"))
            }
            await refused("DE-BIL is not listed as a party", "'\\u{1b}[2J' must not hold control") {
                _ = try await editor.add(
                    NetworkService(provider: try party("DE-BIL"), name: "\u{1B}[2J", permissions: [8], source: "state"))
            }
            await refused("'https://n.example/\\u{7}' must be printable ASCII") {
                _ = try await editor.add(NetworkNode(operatorAddress: address, url: "https://n.example/\u{7}", source: "state"))
            }
            await refused("DE-CPO is not listed as a party", "DE-BIL offers no service") {
                _ = try await editor.agree(user: try party("DE-CPO"), provider: try party("DE-BIL"))
            }
            #expect(store.directory.parties.isEmpty && store.directory.services.isEmpty && store.directory.agreements.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func entriesWithDependentsAreOnlyRemovedTogetherWithThem() async throws {
        try await withEditor { editor, store in
            let (cpo, billing) = (try party("DE-CPO"), try party("DE-BIL"))
            _ = try await editor.add(NetworkNode(operatorAddress: address, url: "https://n.example", source: "state"))
            for (party, role) in [(cpo, "CPO"), (billing, "OTHER")] {
                _ = try await editor.add(NetworkParty(party: party, roles: [role], operatorAddress: address, source: "state"))
            }
            _ = try await editor.add(NetworkService(provider: billing, name: "Billing", permissions: [8], source: "state"))
            #expect(try await editor.agree(user: cpo, provider: billing) == .added)
            let version = store.directory.version
            for removal in [
                { try await editor.removeNode(address, withDependents: false) },
                { try await editor.removeParty(cpo, withDependents: false) },
                { try await editor.removeService(billing, withDependents: false) },
            ] as [() async throws -> [Fact]] {
                await #expect {
                    _ = try await removal()
                } throws: {
                    ($0 as? RegistryInUse)?.dependents.first?.registryName == "agreement of DE-CPO with DE-BIL"
                }
            }
            #expect(store.directory.version == version, "nothing was written")
            #expect(try await editor.removeService(billing, withDependents: true).map(\.key) == ["agreement/DE-CPO/DE-BIL"])
            #expect(store.directory.agreements.isEmpty && store.directory.services.isEmpty)
            #expect(try await editor.removeParty(billing, withDependents: false).isEmpty, "no entry depends on it any more")
            #expect(try await editor.removeNode(address.uppercased().replacing("0X", with: "0x"), withDependents: true).count == 1)
            #expect(store.directory.nodes.isEmpty && store.directory.parties.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func missingEntriesCannotBeRemoved() async throws {
        try await withEditor { editor, _ in
            let billing = try party("DE-BIL")
            for (order, reason) in [
                ({ _ = try await editor.removeNode("0xab", withDependents: true) }, "there is no node of operator 0xab"),
                ({ _ = try await editor.removeParty(billing, withDependents: true) }, "DE-BIL is not registered"),
                ({ _ = try await editor.removeService(billing, withDependents: true) }, "DE-BIL offers no service"),
                ({ try await editor.revoke(user: billing, provider: billing) }, "DE-BIL has no agreement with DE-BIL"),
            ] as [(() async throws -> Void, String)] {
                await #expect(throws: RegistryError(reason)) { try await order() }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func remainingStateEntriesCanBeRemovedWhenTheRegistryIsAFile() async throws {
        try await withEditor(registryFile: "registry.yaml") { editor, store, writer in
            let node = NetworkNode(operatorAddress: address, url: "https://n.example", source: "state")
            let (left, filed) = (try party("DE-CPO"), try party("DE-MSP"))
            try await writer.write([
                .put(.node(node)), .put(.party(NetworkParty(party: left, roles: ["CPO"], operatorAddress: address, source: "state"))),
                .put(.party(NetworkParty(party: filed, roles: ["EMSP"], operatorAddress: address, source: "file"))),
            ])
            await #expect(throws: RegistryError("this node's registry is the file registry.yaml: edit that file instead")) {
                _ = try await editor.add(node)
            }
            await #expect(throws: RegistryError("party DE-MSP comes from the file registry.yaml: edit that file instead")) {
                _ = try await editor.removeParty(filed, withDependents: true)
            }
            let removed = try await editor.removeNode(address, withDependents: true)
            #expect(removed.map(\.registryName) == ["party DE-CPO"])
            #expect(store.directory.nodes.isEmpty)
            #expect(store.directory.networkParty(left) == nil && store.directory.networkParty(filed) != nil, "the file's stays")
        }
    }

    private func withEditor(_ body: (RegistryEditor, StateStore) async throws -> Void) async throws {
        try await withEditor(registryFile: nil) { editor, store, _ in try await body(editor, store) }
    }

    private func withEditor(
        registryFile: String?, _ body: (RegistryEditor, StateStore, StateWriter) async throws -> Void
    ) async throws {
        let kafka = try await TestKafka(services: [try party("DE-BIL")])
        defer { kafka.close() }
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let store = StateStore(
            kafka: kafka.settings, topics: kafka.topics, secrets: NodeSecrets(current: Array("a secret of the node".utf8)),
            logger: kafka.logger)
        try await store.start()
        #expect(await store.ready(timeout: .seconds(10)))
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let topics = TopicProvisioner(admin: admin, names: kafka.topics, settings: TopicSettings())
        try await body(RegistryEditor(writer: writer, store: store, topics: topics, registryFile: registryFile), store, writer)
        await store.stop()
        await producer.close(flush: .seconds(1))
        await admin.close()
    }
}
