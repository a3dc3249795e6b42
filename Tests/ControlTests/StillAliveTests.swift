import Credentials
import Directory
import Encoding
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Control

@Suite struct StillAliveTests {
    @Test func onlyRegisteredPlatformsThatAreConnectedOrOfflineAndWereSilentForTheIntervalAreAsked() throws {
        let node = StateInMemory([
            registered("due"), .status(platform: "due", .connected, time(1_000)),
            registered("offline"), .status(platform: "offline", .offline, time(900)),
            registered("heard"), .status(platform: "heard", .connected, time(1_001)),
            registered("never"), registered("gone"), .status(platform: "gone", .suspended, time(1)),
            .platform(Platform(id: "invited", tokenAHash: "a")), .status(platform: "invited", .connected, time(1)),
        ])
        let due = StillAlive.due(in: node.directory, now: time(301_000), interval: .seconds(300))
        #expect(due.map(\.id) == ["due", "offline"])
        #expect(StillAlive.due(in: node.directory, now: time(300_899), interval: .seconds(300)).isEmpty)
    }

    /// The answer of a platform, and whether it counts as alive.
    struct Case: Sendable {
        let status: Int
        let body: String
        let isAlive: Bool
    }

    @Test(arguments: [
        Case(status: 200, body: #"{"status_code":1000,"data":[]}"#, isAlive: true),
        Case(status: 200, body: #"{"status_code":2000}"#, isAlive: false), Case(status: 200, body: "welcome", isAlive: false),
        Case(status: 500, body: #"{"status_code":1000}"#, isAlive: false), Case(status: 404, body: "", isAlive: false),
    ])
    func http200And1000IsASignOfLifeAndNothingElse(answer: Case) async throws {
        for before in [PlatformStatus.connected, .offline] {
            let node = StateInMemory([registered("p1"), .status(platform: "p1", before, time(1))])
            let calls = Calls()
            try await check(node) { method, url, authorization in
                calls.add("\(method) \(url) \(authorization)")
                return PeerAnswer(httpStatus: answer.status, body: ByteBuffer(string: answer.body))
            }
            #expect(calls.all == ["GET https://p1.example/versions Token Qg=="])
            #expect(node.written == [.put(.status(platform: "p1", answer.isAlive ? .connected : .offline, time(400_000)))])
        }
    }

    @Test func aPlatformThatCannotBeReachedOrAskedIsOffline() async throws {
        let node = StateInMemory([
            registered("p1"), .status(platform: "p1", .connected, time(1)),
            .platform(Platform(id: "p2", tokenCHashes: ["h"])), .status(platform: "p2", .connected, time(1)),
        ])
        try await check(node) { _, _, _ in nil }
        #expect(node.directory.status(of: "p1") == .offline && node.directory.status(of: "p2") == .offline)
        #expect(node.written.count == 2)
    }

    @Test func changesDuringACallCount() throws {
        let asked = StateInMemory([registered("p1"), .status(platform: "p1", .connected, time(1))]).directory
        func outcome(_ isAlive: Bool, _ facts: [Fact]) -> FactChange? {
            StillAlive.outcome("p1", isAlive: isAlive, asked: asked, newest: StateInMemory(facts).directory, now: time(9))
        }
        let heard = [registered("p1"), .status(platform: "p1", .connected, time(5))]
        #expect(outcome(false, heard) == nil, "it was heard of meanwhile")
        #expect(outcome(true, heard) == nil)
        let lost = [registered("p1"), .status(platform: "p1", .offline, time(5))]
        #expect(outcome(false, lost) == nil, "another leader has written it")
        #expect(outcome(true, lost) == .put(.status(platform: "p1", .connected, time(9))))
        #expect(outcome(true, []) == nil && outcome(false, []) == nil, "it left meanwhile")
    }

    @Test func callsAreBoundedAndEveryPlatformIsCalled() async throws {
        let facts = (0..<20).flatMap { [registered("p\($0)"), .status(platform: "p\($0)", .connected, time(1))] }
        let node = StateInMemory(facts)
        let open = Mutex((now: 0, most: 0))
        try await check(node, concurrency: 3) { _, _, _ in
            open.withLock { open in
                open.now += 1
                open.most = max(open.most, open.now)
            }
            await Task.yield()
            open.withLock { $0.now -= 1 }
            return nil
        }
        #expect(node.written.count == 20)
        #expect((1...3).contains(open.withLock { $0.most }))
    }

    @Test func aCancelledCallDoesNotChangeTheStatus() async throws {
        let node = StateInMemory([registered("p1"), .status(platform: "p1", .connected, time(1))])
        let isAsked = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await check(node) { _, _, _ in
                    isAsked.continuation.finish()
                    try? await Task.sleep(for: .seconds(60))
                    return nil
                }
            }
            for await _ in isAsked.stream {}
            group.cancelAll()
        }
        #expect(node.written.isEmpty)
    }

    private func check(
        _ node: StateInMemory, concurrency: Int = 16,
        _ answer: @escaping @Sendable (OCPI.Method, String, String) async -> PeerAnswer?
    ) async throws {
        let peers = PeerClient(ask: { (method, url, authorization, _) throws(OCPIError) in
            guard let answer = await answer(method, url, authorization) else {
                throw OCPIError(code: .unableToUseClientAPI, message: "nobody there")
            }
            return answer
        })
        let check = StillAlive(state: node.shared, peers: peers, concurrency: concurrency, logger: StateInMemory.silent)
        try await check.check(clock: { Timestamp(milliseconds: 400_000) })
    }

    private func registered(_ id: String) -> Fact {
        .platform(
            Platform(
                id: id, tokenCHashes: ["hash of \(id)"], outboundToken: StateInMemory.secrets.seal(Token("B")),
                versionsURL: "https://\(id).example/versions"))
    }
}

/// The calls made.
private final class Calls: Sendable {
    private let calls = Mutex<[String]>([])
    func add(_ call: String) { calls.withLock { $0.append(call) } }
    var all: [String] { calls.withLock { $0 } }
}
