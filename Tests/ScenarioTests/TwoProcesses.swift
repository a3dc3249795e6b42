import Demo
import Directory
import Encoding
import Foundation
import Logging
import NIOCore
import OCPI
import Support
import Synchronization
import TestParties
import Testbed
import Testing
import Topics

@testable import Node

/// One node of two processes with all roles, on one Kafka. DE-BIL gets copies of DE-CPO's CDRs for NL-MSP.
final class TwoProcesses: Sendable {
    @TaskLocal static var current: TwoProcesses?

    struct Place: Sendable {
        let program: RunningProgram
        let publicPort: Int
        let privatePort: Int
    }

    private let programs = Programs()
    private let node: TestNode
    private let running = Mutex<[Place]>([])
    private let cpo: DemoParty
    private let emsp: DemoParty
    let billing: DemoParty
    private let answered = Mutex<Set<String>>([])

    private init(_ folder: URL) async throws {
        func party(_ id: String, _ part: PartyPart) throws -> DemoParty {
            DemoParty(PartyProfile(id: try #require(PartyID(id)), name: id, part: part))
        }
        (cpo, emsp, billing) = (try party("DE-CPO", .cpo), try party("NL-MSP", .emsp), try party("DE-BIL", .billing))
        let prefix = "t\(UInt32.random(in: .min ... .max))."
        let broker = try await Broker(folder: folder, prefix: prefix, programs: programs)
        node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
        do {
            try await publishRegistry(broker.bootstrap, prefix)
            try await makeReady()
            for party in [cpo, emsp, billing] {
                try await party.start()
                try await party.register(
                    publicURL: node.publicURL, adminURL: "http://127.0.0.1:\(try place(0).privatePort)", adminToken: TestNode.adminKey)
            }
        } catch {
            await stop()
            throw error
        }
    }

    /// Runs `body` with a new instance.
    static func run(_ body: @Sendable () async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let processes = try await TwoProcesses(folder)
            do {
                try await $current.withValue(processes) { try await body() }
            } catch {
                await processes.stop()
                throw error
            }
            await processes.stop()
        }
    }

    private func stop() async {
        await programs.terminate()
        for party in [cpo, emsp, billing] { await party.stop() }
    }

    func place(_ index: Int) throws -> Place { try #require(running.withLock { $0.indices.contains(index) ? $0[index] : nil }) }

    /// Starts stopped processes and returns when both are ready.
    func makeReady() async throws {
        for index in 0..<2 {
            if running.withLock({ $0.indices.contains(index) && $0[index].program.isRunning }) { continue }
            let (publicPort, privatePort) = index == 0 ? (node.publicPort, node.privatePort) : try FreePorts.two()
            let program = try programs.start(
                ["node", "--private-port", "\(privatePort)"],
                environment: node.environment.merging(
                    ["OCN_HTTP_PUBLIC_PORT": "\(publicPort)", "OCN_HTTP_REQUEST_TIMEOUT_SECONDS": "3"]) { $1 })
            let place = Place(program: program, publicPort: publicPort, privatePort: privatePort)
            running.withLock { running in
                if running.indices.contains(index) { running[index] = place } else { running.append(place) }
            }
        }
        for place in running.withLock({ $0 }) {
            try await eventually("a process is ready: \(place.program.text.suffix(2000))", within: .seconds(60)) {
                try await TestNode.isReady(port: place.privatePort)
            }
        }
    }

    private func publishRegistry(_ bootstrap: String, _ prefix: String) async throws {
        var configuration = try NodeConfiguration.local(number: 1, bootstrap: bootstrap, ports: FreePorts.two())
        configuration.topics = TopicNames(prefix: prefix)
        let ids = [cpo, emsp, billing].map(\.profile.id)
        let facts: [Fact] =
            [.node(NetworkNode(operatorAddress: TestNode.address, url: node.publicURL, source: "state"))]
            + ids.map { .party(NetworkParty(party: $0, roles: [], operatorAddress: TestNode.address, source: "state")) }
            + [
                .service(NetworkService(provider: ids[2], name: "Billing", permissions: [8], source: "state")),
                .agreement(Agreement(user: ids[0], provider: ids[2], source: "state")),
            ]
        let shared = try await SharedResources.open(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await shared.writer.write(facts.map(FactChange.put))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    // MARK: Load

    /// CDRs that were answered with success.
    var accepted: Set<String> { answered.withLock { $0 } }

    /// Sends a CDR through one of the processes.
    /// - Returns: whether it was answered with success; false also if the process does not listen.
    @discardableResult
    func post(_ id: String, session: Int, through index: Int) async throws -> Bool {
        let url = "http://127.0.0.1:\(try place(index).publicPort)/ocpi/receiver/2.2.1/cdrs"
        let body = #"{"country_code":"DE","party_id":"CPO","id":"\#(id)","session_id":"S-\#(session)"}"#
        let answer = try? await cpo.call(.post, url, to: emsp.profile.id, body: ByteBuffer(string: body))
        guard let answer, answer.status == 200, answer.ocpiStatus == 1000 else { return false }
        answered.withLock { _ = $0.insert(id) }
        return true
    }

    /// Sends this number of CDRs in parallel.
    func post(_ count: Int, _ name: String, through index: Int) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for number in 0..<count {
                tasks.addTask { try await self.post("\(name)-\(number)", session: number % 5, through: index) }
            }
            return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    /// Waits until the service has a copy of every CDR that was answered with success.
    func expectCopies(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let owed = accepted
        try await eventually("a copy of each of \(owed.count)", within: .seconds(60), sourceLocation: sourceLocation) {
            owed.isSubset(of: Set(billing.received.entries.compactMap(\.cdr)))
        }
    }
}

extension ReceivedRequest {
    /// The id in a CDR request.
    var cdr: String? { request.method == .post ? request.body.jsonString(["id"]) : nil }
}

/// A suite with a ``TwoProcesses`` instance.
struct TwoProcessesTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TwoProcesses.run(function)
    }
}
