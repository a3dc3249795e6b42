import AsyncHTTPClient
import Encoding
import OCPI
import Support
import Testing

extension Scenarios {
    /// Processes that are killed (SIGKILL) while callers wait.
    @Suite(.serialized, .timeLimit(.minutes(5)), ExchangeNetworkTrait()) struct ExchangeFaultTests {
        private func network() throws -> ExchangeNetwork { try #require(ExchangeNetwork.current) }

        @Test("Scenario 34: an ingress that dies costs only its own callers; the next one on its partition ignores their answers")
        func anIngressDies() async throws {
            let network = try network()
            let before = try await network.ask(.locations, UUIDText.v4(), through: .ingressA)
            #expect(before.status == 200 && before.code == 1000)

            let (own, other) = (UUIDText.v4(), UUIDText.v4())
            async let lost = try? network.ask(.startSession, own, through: .ingressA)
            async let kept = network.ask(.startSession, other, through: .ingressB)
            try await eventually("the recipient has both") { Set(network.recipient.seen).isSuperset(of: [own, other]) }
            try await network.crash(.ingressA)
            #expect(await lost == nil, "its connection ends")

            try network.launch(.ingressA)
            try await network.awaitReady(.ingressA)
            network.recipient.release()
            let answer = try await kept
            #expect(answer.status == 200 && answer.code == 1000 && answer.data == other)
            try await eventually("the late answer is dropped and counted") {
                try await network.figure(#"ocn_ingress_replies_dropped_total{reason="foreign"}"#, of: .ingressA) == 1
            }
            let id = UUIDText.v4()
            let after = try await network.ask(.locations, id, through: .ingressA)
            #expect(after.status == 200 && after.data == id)
            #expect(network.recipient.seen.count { $0 == own || $0 == other } == 2, "each came once")
        }

        @Test(
            "Scenario 11: an exchange worker that dies costs its callers a 4002; no command and no CDR is sent twice, others are answered")
        func anExchangeWorkerDies() async throws {
            let network = try network()
            try await network.awaitBothExchanges()
            try await withThrowingTaskGroup(of: (id: String, answer: ExchangeNetwork.Answer).self) { callers in
                let ids = try await occupyBoth(network, &callers)
                let owed = try #require(try await network.figure("ocn_exchange_in_flight", of: .exchangeA))
                try await network.crash(.exchangeA)

                // Callers that arrive meanwhile wait at most for the other worker.
                async let meanwhile = withThrowingTaskGroup(of: (id: String, answer: ExchangeNetwork.Answer).self) { readers in
                    for _ in 0..<6 {
                        let id = UUIDText.v4()
                        readers.addTask { (id, try await network.ask(.locations, id, through: .ingressB)) }
                    }
                    return try await readers.reduce(into: []) { $0.append($1) }
                }
                for _ in 0..<owed {
                    let next = try #require(try await callers.next())
                    #expect(next.answer.status == 200 && next.answer.code == 4002, "nobody knows whether it was done")
                }
                for read in try await meanwhile { #expect(read.answer.code == 1000 && read.answer.data == read.id) }

                network.recipient.release()
                var answered = 0
                for try await next in callers {
                    #expect(next.answer.status == 200 && next.answer.code == 1000 && next.answer.data == next.id)
                    answered += 1
                }
                #expect(answered == ids.count - owed && answered > 0)
                let seen = network.recipient.seen
                #expect(ids.allSatisfy { id in seen.count { $0 == id } == 1 }, "each came once")
            }
        }

        @Test("Scenario 11: what is posted while an exchange worker is dead is sent once by the other one, but for a few of each partition")
        func postsGoOnWhileAnExchangeWorkerIsDead() async throws {
            let network = try network()
            for worker in ExchangeNetwork.Worker.allCases { try await network.revive(worker) }
            try await network.awaitBothExchanges()
            network.recipient.hold(false)
            defer { network.recipient.hold(true) }
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
            let client = HTTPClient(configuration: configuration)
            var answers: [String: ExchangeNetwork.Answer] = [:]
            do {
                answers = try await post(300, killingAt: 40, network, client)
            } catch {
                try await client.shutdown()
                throw error
            }
            try await client.shutdown()

            let seen = network.recipient.seen.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            for (id, answer) in answers {
                let isUnknown = answer.code == 4002
                #expect(answer.status == 200 && (answer.code == 1000 && answer.data == id || isUnknown), "\(answer)")
                #expect(isUnknown ? seen[id, default: 0] <= 1 : seen[id] == 1, "none came twice, and each that was answered came")
            }
            // Half of the partitions belonged to the killed one, and it lost fewer than half of the requests.
            let unknown = answers.values.count { $0.code == 4002 }
            #expect(unknown <= 4 * 10, "so far goes a promise beyond what is begun")
            #expect(answers.count == 300)
        }

        /// Sends this number of CDRs, 40 per second, and kills a worker meanwhile.
        private func post(
            _ count: Int, killingAt kill: Int, _ network: ExchangeNetwork, _ client: HTTPClient
        ) async throws -> [String: ExchangeNetwork.Answer] {
            try await withThrowingTaskGroup(of: (id: String, answer: ExchangeNetwork.Answer).self) { callers in
                let start = ContinuousClock.now
                for number in 0..<count {
                    if number == kill { try await network.crash(.exchangeA) }
                    let id = UUIDText.v4()
                    callers.addTask {
                        (id, try await network.ask(.cdr, id, through: number.isMultiple(of: 2) ? .ingressA : .ingressB, client: client))
                    }
                    // The rate of the load, not a wait for an event.
                    try await ContinuousClock().sleep(until: start + .milliseconds(25) * (number + 1))
                }
                return try await callers.reduce(into: [:]) { $0[$1.id] = $1.answer }
            }
        }

        /// Starts sessions and sends CDRs until both workers have running requests.
        private func occupyBoth(
            _ network: ExchangeNetwork, _ callers: inout ThrowingTaskGroup<(id: String, answer: ExchangeNetwork.Answer), any Error>
        ) async throws -> [String] {
            var ids: [String] = []
            while true {
                let loads = [
                    try await network.figure("ocn_exchange_in_flight", of: .exchangeA) ?? 0,
                    try await network.figure("ocn_exchange_in_flight", of: .exchangeB) ?? 0,
                ]
                if ids.count >= 6, loads.allSatisfy({ $0 > 0 }) {
                    #expect(loads.reduce(0, +) == ids.count)
                    return ids
                }
                // The test's client opens eight connections to one process; one remains for reading the metrics.
                try #require(ids.count < 14, "both workers should have something to do: \(loads)")
                let (id, number) = (UUIDText.v4(), ids.count)
                callers.addTask {
                    let ask: ExchangeNetwork.Ask = number % 4 < 2 ? .startSession : .cdr
                    return (id, try await network.ask(ask, id, through: number.isMultiple(of: 2) ? .ingressA : .ingressB))
                }
                ids.append(id)
                try await eventually("the recipient has it") { network.recipient.seen.contains(id) }
            }
        }
    }
}
