import Control
import Directory
import Foundation
import Kafka
import OCPI
import Registry
import ServiceLifecycle
import Support
import Testing
import Topics

@Suite struct ControlServiceTests {
    static func yaml(_ url: String) -> String {
        """
        nodes: [{ operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4", url: \(url) }]
        """
    }

    @Test(.timeLimit(.minutes(5))) func oneOfTwoLeadsAndPublishesTheRegistryFileAndItsChanges() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("registry-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Self.yaml("https://first.example").write(to: file, atomically: true, encoding: .utf8)

        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let stores = [1, 2].map { _ in
            StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        }
        for store in stores { try await store.start() }
        let controls = stores.enumerated().map { index, store in
            let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
            let publisher = RegistryPublisher(
                source: FileSource(path: file.path), writer: writer, store: store,
                topics: TopicProvisioner(admin: admin, names: kafka.topics, settings: TopicSettings()), logger: kafka.logger)
            return ControlService(
                kafka: kafka.settings, topics: kafka.topics, writer: writer, store: store, instance: "control-\(index)",
                interval: .milliseconds(50), duties: [.registry(publisher)], logger: kafka.logger)
        }
        let groups = controls.map { ServiceGroup(configuration: .init(services: [.init(service: $0)], logger: kafka.logger)) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await group.run() } }
            try await eventually("the registry is published", within: .seconds(40)) {
                stores[0].directory.nodes.map(\.url) == ["https://first.example"]
            }
            try await eventually("one of them leads") { controls.filter { $0.isLeading }.count == 1 }
            try Self.yaml("https://second.example").write(to: file, atomically: true, encoding: .utf8)
            try await eventually("the change is published") { stores[1].directory.nodes.map(\.url) == ["https://second.example"] }

            // A faulty file changes nothing.
            try "nodes: {".write(to: file, atomically: true, encoding: .utf8)
            // On a busy machine a leader may lose its partition for a moment.
            var found: Int?
            try await eventually("one of them leads") {
                found = controls.firstIndex { $0.isLeading }
                return found != nil
            }
            let leader = try #require(found)
            await groups[leader].triggerGracefulShutdown()
            try await eventually("the other one leads", within: .seconds(40)) { controls[1 - leader].isLeading }
            #expect(stores[0].directory.nodes.map(\.url) == ["https://second.example"])
            await groups[1 - leader].triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        for store in stores { await store.stop() }
        await producer.close(flush: .seconds(1))
        await admin.close()
    }

    @Test(.timeLimit(.minutes(5))) func aDutyThatTakesLongHoldsUpNoOtherAndIsCancelledAtTheEnd() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        let lines = LogLines()
        let (runs, ran) = AsyncStream<Void>.makeStream()
        let (ends, ended) = AsyncStream<Bool>.makeStream()
        let control = ControlService(
            kafka: kafka.settings, topics: kafka.topics,
            writer: StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger), store: store,
            instance: "control", interval: .milliseconds(50),
            duties: [
                .init(name: "long") {
                    do { try await Task.sleep(for: .seconds(600)) } catch { ended.yield(error is CancellationError) }
                    throw CancellationError()
                },
                .init(name: "short", pause: { try? await Task.sleep(for: .milliseconds(1)) }, run: { ran.yield() }),
                .init(name: "failing", pause: { ended.yield(false) }, run: { throw KafkaError(operation: "produce", code: -192) }),
            ], logger: lines.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: control)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var count = 0
            for await _ in runs {
                count += 1
                if count == 10 { break }
            }
            #expect(control.isLeading)
            await group.triggerGracefulShutdown()
            for await isCancellation in ends where isCancellation { break }
            try await tasks.waitForAll()
        }
        #expect(lines.all.map(\.text).filter { $0.hasSuffix("leading") } == ["leading", "no longer leading"])
        await store.stop()
        await producer.close(flush: .seconds(1))
    }
}
