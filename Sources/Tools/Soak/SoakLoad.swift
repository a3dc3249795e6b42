import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties
import Testbed

/// Sends requests at a constant rate, independent of the outcome of earlier ones. It pauses only while the backlog is too large.
struct SoakLoad: Sendable {
    private let cpo: TestParty
    private let receiver: PartyID
    private let endpoints: [ModuleID: String]
    private let ingresses: [String]
    private let sharedLedger: SharedLedger
    private let caller: PartyCaller
    private let options: SoakOptions
    private let progress: Progress

    private final class Progress: Sendable {
        struct State {
            var workload: Workload
            var turn = 0
            var heldBack = 0
        }

        let state: Mutex<State>

        init(_ workload: Workload) { state = Mutex(State(workload: workload)) }
    }

    /// - Parameters:
    ///   - publicURL: the prefix of the endpoints that the node advertises.
    ///   - ingresses: the prefixes of these endpoints at each ingress process, used in turn.
    init(
        _ options: SoakOptions, participants: SoakParticipants, cpo: TestParty, publicURL: String, ingresses: [String],
        sharedLedger: SharedLedger, caller: PartyCaller
    ) throws {
        self.options = options
        self.cpo = cpo
        receiver = participants.emsp
        self.ingresses = ingresses
        self.sharedLedger = sharedLedger
        self.caller = caller
        var endpoints: [ModuleID: String] = [:]
        for module in [ModuleID.sessions, .cdrs] {
            let url = try cpo.endpoint(Interface(module, .receiver))
            guard url.hasPrefix(publicURL) else { throw TestbedFailure("the node advertises \(module.rawValue) at \(url)") }
            endpoints[module] = String(url.dropFirst(publicURL.count))
        }
        self.endpoints = endpoints
        progress = Progress(Workload(participants, objects: options.objects, seed: options.seed))
    }

    /// Number of requests that were not sent when they were due, because the backlog was too large or every object had a running request.
    var heldBack: Int { progress.state.withLock { $0.heldBack } }

    /// Sends, and returns when the last request has ended.
    func run() async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(options.seconds)
        let pause = Duration.seconds(1) / options.rate
        try await withThrowingDiscardingTaskGroup { group in
            var due = clock.now
            while due < end {
                try await clock.sleep(until: due)
                due += pause
                guard let dispatch = next() else { continue }
                group.addTask { await send(dispatch) }
            }
        }
    }

    private func next() -> Dispatch? {
        let isFull = sharedLedger.waiting >= options.backlog
        return progress.state.withLock { state in
            let dispatch = isFull ? nil : state.workload.next()
            if dispatch == nil { state.heldBack += 1 }
            return dispatch
        }
    }

    private func send(_ dispatch: Dispatch) async {
        let number = dispatch.message.number
        sharedLedger.note { ledger, _ in ledger.sends(dispatch.message) }
        let outcome = await call(dispatch)
        switch outcome {
        case .accepted: sharedLedger.note { $0.accepted(number, at: $1) }
        case .refused: sharedLedger.note { ledger, _ in ledger.refused(number) }
        case .answered(let code): sharedLedger.note { ledger, _ in ledger.answered(number, code) }
        case .unknown: break
        }
        progress.state.withLock { $0.workload.ended(number, outcome) }
    }

    /// Works like a load balancer: an ingress that accepts no connection is skipped.
    private func call(_ dispatch: Dispatch) async -> DispatchOutcome {
        let turn = progress.state.withLock { state in
            state.turn += 1
            return state.turn
        }
        let headers = cpo.headers(
            to: receiver, requestID: UUIDText.v4(), correlationID: Correlation.text(dispatch.message.number))
        for offset in ingresses.indices {
            let base = ingresses[(turn + offset) % ingresses.count] + (endpoints[dispatch.module] ?? "")
            do {
                let answer = try await caller.call(
                    dispatch.method, URLJoin.join(base, dispatch.path, query: nil), headers: headers, body: dispatch.body,
                    within: .seconds(15))
                switch (answer.status, answer.code) {
                case (200, 1000): return .accepted
                // The ingress does not know whether Kafka has the request.
                case (500..., _), (_, 4000): return .unknown
                case (_, let code?): return .answered(code)
                case (_, nil): return .unknown
                }
            } catch  where error.kind == .notSent {
                continue
            } catch {
                return .unknown
            }
        }
        return .refused
    }
}
