import Encoding
import Foundation
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Synchronization
import Testing
import Topics

/// The example for developers of services, with the public Kafka and CloudEvents packages for Python.
@Suite(.serialized) struct OutboxReaderTests {
    private static let folder = ProjectFiles.root.appendingPathComponent("Examples/reading-your-topic")
    private let service: PartyID
    private let cdr = #"{"id":"CDR-1","total_cost":{"excl_vat":4.10},"text":"\u00e9 é"}"#

    init() throws {
        service = try #require(PartyID("DE-BIL"))
    }

    @Test(.timeLimit(.minutes(5))) func theExampleTakesEveryCopyOnceWithAndWithoutABody() async throws {
        let kafka = try await TestKafka(services: [service])
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let topic = kafka.topics.outbox(service)
        let database = FileManager.default.temporaryDirectory.appendingPathComponent("ocn-test-\(UUID().uuidString).sqlite")
        // The properties are for the Kafka in memory, which is slow to remove a member.
        let arguments = [
            Self.folder.appendingPathComponent("outbox_reader.py").path, "--bootstrap", kafka.settings.bootstrap, "--topic", topic,
            "--group", "DE-BIL.\(topic)", "--database", database.path, "--property", "session.timeout.ms=6000", "--property",
            "heartbeat.interval.ms=300",
        ]

        try await produce(to: kafka, producer)
        _ = try await producer.send(OutgoingRecord(topic: topic, key: "k", value: ByteBuffer(string: "no event"), headers: [:]))
        let first = try PythonProgram(file: arguments)
        try await eventually("everything is taken: \(first.text)", within: .seconds(60)) { first.lines.count == 4 }
        #expect(await first.stop() == 0, "\(first.text)")
        #expect(
            first.lines.contains(
                #"new copy-1 org.openchargingnetwork.cdrs.receiver.post {"id": "CDR-1", "total_cost": {"excl_vat": "4.10"}, "text": "\u00e9 \u00e9"}"#
            ))
        #expect(first.lines.contains("new copy-2 org.openchargingnetwork.tokens.receiver.delete null"))
        #expect(first.lines.contains("new copy-3 org.openchargingnetwork.locations.sender.get null"), "an empty value, as it was once")
        #expect(first.lines.contains { $0.hasPrefix("unreadable \(topic)[") }, "put aside, and the others go on")

        // The same copy again, as after a crash of MATCHER: the program continues where it ended and knows the id.
        _ = try await producer.send(try copy("copy-1", .cdrs, .receiver, .post, body: cdr).outgoing(to: kafka.topics))
        let second = try PythonProgram(file: arguments)
        try await eventually("the repeat is seen: \(second.text)", within: .seconds(60)) { !second.lines.isEmpty }
        #expect(await second.stop() == 0, "\(second.text)")
        #expect(second.lines == ["known copy-1"], "what it had committed does not come again")

        await producer.close(flush: .seconds(5))
        try? FileManager.default.removeItem(at: database)
        kafka.close()
    }

    @Test(.timeLimit(.minutes(5))) func theOlderInterfaceOfTheSDKReadsTheSameRecords() async throws {
        let kafka = try await TestKafka(services: [service])
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await produce(to: kafka, producer)
        let script = """
            import json, sys
            sys.path.insert(0, sys.argv[1])
            from confluent_kafka import Consumer, TopicPartition
            from event_v1 import event_of
            consumer = Consumer({"bootstrap.servers": sys.argv[2], "group.id": "none", "enable.auto.commit": False})
            consumer.assign([TopicPartition(sys.argv[3], partition, 0) for partition in range(int(sys.argv[4]))])
            events = {}
            while len(events) < 3:
                message = consumer.poll(1)
                if message is not None and not message.error():
                    event = event_of(message)
                    events[event["id"]] = event.data
            consumer.close()
            print(json.dumps(events, sort_keys=True))
            """
        let partitions = "\(TopicSettings().outboxPartitions)"
        let reader = try PythonProgram(
            script: script, [Self.folder.path, kafka.settings.bootstrap, kafka.topics.outbox(service), partitions])
        #expect(await reader.exitStatus() == 0, "\(reader.text)")
        #expect(
            reader.lines == [
                #"{"copy-1": {"id": "CDR-1", "text": "\u00e9 \u00e9", "total_cost": {"excl_vat": 4.1}}, "copy-2": null, "copy-3": null}"#
            ])
        await producer.close(flush: .seconds(5))
        kafka.close()
    }

    /// A copy with a body, one without, and one without as earlier versions wrote it.
    private func produce(to kafka: TestKafka, _ producer: Producer) async throws {
        let deletion = try copy("copy-2", .tokens, .receiver, .delete).outgoing(to: kafka.topics)
        #expect(deletion.value == nil)
        var early = try copy("copy-3", .locations, .sender, .get).outgoing(to: kafka.topics)
        early.value = ByteBuffer()
        for record in [try copy("copy-1", .cdrs, .receiver, .post, body: cdr).outgoing(to: kafka.topics), deletion, early] {
            _ = try await producer.send(record)
        }
    }

    private func copy(
        _ id: String, _ module: ModuleID, _ interface: InterfaceRole, _ method: OCPI.Method, body: String? = nil
    ) throws -> CopyRecord {
        let request = RequestRecord(
            id: "request-of-\(id)", time: .now, module: module, interface: interface, method: method, version: .v2_2_1,
            from: try #require(PartyID("DE-CPO")), to: try #require(PartyID("NL-MSP")), path: "", requestID: "r", correlationID: "c",
            stateVersion: 1, contentType: body == nil ? nil : "application/json", body: body.map { ByteBuffer(string: $0) },
            key: body == nil ? nil : "DE-CPO|\(module)|1")
        return CopyRecord(of: request, id: id, for: service, permission: try #require(Permission(rawValue: 0)))
    }
}

/// Python with the example's packages, as a process of its own.
private final class PythonProgram: Sendable {
    private let process = Process()
    private let output = Mutex(Data())
    private let exit = AsyncStream<Int32>.makeStream()
    private let end = AsyncStream<Never>.makeStream()

    /// A child process inherits the signal mask of the thread that starts it, and such threads block all signals.
    private static let unmasked = """
        import runpy, signal, sys
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
        """

    /// Runs a file with arguments.
    init(file arguments: [String]) throws {
        try run(["-c", Self.unmasked] + arguments)
    }

    /// Runs a script with arguments.
    init(script: String, _ arguments: [String]) throws {
        try run(["-c", script] + arguments)
    }

    private func run(_ arguments: [String]) throws {
        process.executableURL = try ProjectFiles.tool("python/bin/python")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        // A thread of its own reads: see `BrokerProcess`. It ends with the program, which ends with this object.
        Thread.detachNewThread { [weak self, end] in
            while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                self?.output.withLock { $0 += data }
            }
            end.continuation.finish()
        }
        process.terminationHandler = { [exit] process in
            exit.continuation.yield(process.terminationStatus)
            exit.continuation.finish()
        }
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var text: String { output.withLock { String(decoding: $0, as: UTF8.self) } }

    var lines: [String] { text.split(separator: "\n").map(String.init) }

    /// Sends SIGTERM and returns the exit status; kills a process that does not react.
    func stop() async -> Int32? {
        process.terminate()
        DispatchQueue.global().asyncAfter(deadline: .now() + 30) { [process] in
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        return await exitStatus()
    }

    /// Once everything it printed has been read.
    func exitStatus() async -> Int32? {
        for await _ in end.stream {}
        for await status in exit.stream { return status }
        return nil
    }
}
