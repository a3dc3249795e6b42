import Hummingbird
import Inbound
import Logging
import ServiceLifecycle
import Support
import Telemetry
import Testbed
import Testing

@testable import Node

/// The private listener over TCP has the same protection as the public one.
@Suite struct PrivateListenerTests {
    private func run(
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, adjust: (inout InboundLimits) -> Void = { _ in },
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let port = try FreePorts.two().0
        var limits = InboundLimits(connections: 1000, connectionsPerAddress: 1000)
        adjust(&limits)
        let health = Health()
        health.set("test", ready: true)
        let listener = PrivateListener(
            .hostname("127.0.0.1", port: port), limits, metrics: PrometheusMetrics(), health: health, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [listener], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result: Result<Void, any Error>
            do {
                try await eventually("it listens") { (try? await RawConnection.with(port: port) { _ in }) != nil }
                result = .success(try await body(port))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    @Test(arguments: ["/ready", "/health"]) func probesMayAskWithoutABody(path: String) async throws {
        try await run { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                let whole = try #require(try await connection.waitForAnswers(1).first)
                #expect(whole.status == 200 && !whole.body.isEmpty)
                let before = connection.count
                try await connection.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                try await connection.waitForClose()
                let head = String(decoding: connection.text.utf8.dropFirst(before), as: UTF8.self)
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
                #expect(head.lowercased().contains("content-length: \(whole.body.utf8.count)\r\n"), "\(head)")
            }
        }
    }

    @Test(arguments: ["/admin/platforms", "/nowhere"]) func aHeadThatIsRefusedHasNoBody(path: String) async throws {
        try await run { port in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                try await connection.waitForClose()
                #expect(connection.text.hasPrefix("HTTP/1.1 ") && connection.text.hasSuffix("\r\n\r\n"), "\(connection.text)")
            }
        }
    }

    @Test func whatIsNoRequestIsRefusedInWords() async throws {
        try await run { port in
            for broken in ["GET /ready HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"] {
                try await RawConnection.with(port: port) { connection in
                    try await connection.send(broken)
                    try await connection.waitForClose()
                    let answer = try #require(connection.answers().first)
                    #expect(answer.status == 400 && answer["connection"] == "close" && answer.body.hasPrefix(#"{"error":""#))
                }
            }
        }
    }

    @Test func oneAddressCannotTakeAllConnections() async throws {
        var configuration = try NodeConfiguration.local(number: 1, bootstrap: "127.0.0.1:9092", ports: (8080, 8081))
        configuration.privateConnections = 20
        let limits = try ConnectionPlan(configuration, files: 4096, cores: 2).privateLimits
        let lines = LogLines()
        try await run(logger: lines.logger, adjust: { $0 = limits }) { port in
            // The connection that tested whether it listens may still count.
            try await eventually("all places of an address are taken") {
                var held: [RawConnection] = []
                var isRefused = false
                for _ in 0..<11 {
                    let connection = try await RawConnection(port: port)
                    held.append(connection)
                    try await connection.send("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
                    try await eventually("an answer or the end") { connection.isClosed || !connection.answers().isEmpty }
                    isRefused = connection.answers().isEmpty
                    if isRefused { break }
                }
                for connection in held { await connection.close() }
                return isRefused && held.count == 11
            }
        }
        #expect(lines.notable.contains { $0.metadata["setting"] == "http.private.connections_per_address" })
    }

    @Test func hundredsThatAskForNothingDoNotStopTheProbe() async throws {
        // Long enough that all clients have sent something by then, however busy the machine is: a client that has sent nothing gets no
        // answer.
        try await run(adjust: { $0.head = .seconds(15) }) { port in
            var idle: [RawConnection] = []
            for _ in 0..<300 {
                let connection = try await RawConnection(port: port)
                try await connection.send("GET /rea")
                idle.append(connection)
            }
            try await RawConnection.with(port: port) { connection in
                try await connection.send("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.waitForAnswers(1).first?.status == 200)
            }
            for connection in idle {
                try await connection.waitForClose()
                #expect(connection.answers().map(\.status) == [408])
                await connection.close()
            }
        }
    }
}
