import OCPI
import Support
import Testing
import Wire

extension Scenarios {
    /// Processes that die with callers waiting (SIGKILL).
    @Suite(.serialized, .timeLimit(.minutes(2)), ExchangeCrewTrait()) struct ExchangeFaultTests {
        private func crew() throws -> ExchangeCrew { try #require(ExchangeCrew.current) }

        @Test("Scenario 34: an ingress that dies costs only its own callers; the next one on its partition ignores their answers")
        func anIngressDies() async throws {
            let crew = try crew()
            let before = try await crew.ask(.locations, UUIDText.v4(), through: .ingressA)
            #expect(before.status == 200 && before.code == 1000)

            let (own, other) = (UUIDText.v4(), UUIDText.v4())
            async let lost = try? crew.ask(.startSession, own, through: .ingressA)
            async let kept = crew.ask(.startSession, other, through: .ingressB)
            try await eventually("the recipient has both") { Set(crew.recipient.seen).isSuperset(of: [own, other]) }
            try await crew.crash(.ingressA)
            #expect(await lost == nil, "its connection ends")

            try crew.launch(.ingressA)
            try await crew.awaitReady(.ingressA)
            crew.recipient.release()
            let answer = try await kept
            #expect(answer.status == 200 && answer.code == 1000 && answer.data == other)
            try await eventually("the late answer is dropped and counted") {
                try await crew.figure(#"ocn_ingress_replies_dropped_total{reason="foreign"}"#, of: .ingressA) == 1
            }
            let id = UUIDText.v4()
            let after = try await crew.ask(.locations, id, through: .ingressA)
            #expect(after.status == 200 && after.data == id)
            #expect(crew.recipient.seen.count { $0 == own || $0 == other } == 2, "each came once")
        }

        @Test(
            "Scenario 11: an exchange worker that dies costs its callers a 4002; no command and no CDR is sent twice, others are answered")
        func anExchangeWorkerDies() async throws {
            let crew = try crew()
            try await crew.awaitBothExchanges()
            try await withThrowingTaskGroup(of: (id: String, answer: ExchangeCrew.Answer).self) { callers in
                let ids = try await occupyBoth(crew, &callers)
                let owed = try #require(try await crew.figure("ocn_exchange_in_flight", of: .exchangeA))
                try await crew.crash(.exchangeA)

                // Who comes meanwhile waits for the other worker at most.
                async let meanwhile = withThrowingTaskGroup(of: (id: String, answer: ExchangeCrew.Answer).self) { readers in
                    for _ in 0..<6 {
                        let id = UUIDText.v4()
                        readers.addTask { (id, try await crew.ask(.locations, id, through: .ingressB)) }
                    }
                    return try await readers.reduce(into: []) { $0.append($1) }
                }
                for _ in 0..<owed {
                    let next = try #require(try await callers.next())
                    #expect(next.answer.status == 200 && next.answer.code == 4002, "nobody knows whether it was done")
                }
                for read in try await meanwhile { #expect(read.answer.code == 1000 && read.answer.data == read.id) }

                crew.recipient.release()
                var answered = 0
                for try await next in callers {
                    #expect(next.answer.status == 200 && next.answer.code == 1000 && next.answer.data == next.id)
                    answered += 1
                }
                #expect(answered == ids.count - owed && answered > 0)
                let seen = crew.recipient.seen
                #expect(ids.allSatisfy { id in seen.count { $0 == id } == 1 }, "each came once")
            }
        }

        /// Starts sessions and sends CDRs until both workers have some under way.
        private func occupyBoth(
            _ crew: ExchangeCrew, _ callers: inout ThrowingTaskGroup<(id: String, answer: ExchangeCrew.Answer), any Error>
        ) async throws -> [String] {
            var ids: [String] = []
            while true {
                let loads = [
                    try await crew.figure("ocn_exchange_in_flight", of: .exchangeA) ?? 0,
                    try await crew.figure("ocn_exchange_in_flight", of: .exchangeB) ?? 0,
                ]
                if ids.count >= 6, loads.allSatisfy({ $0 > 0 }) {
                    #expect(loads.reduce(0, +) == ids.count)
                    return ids
                }
                // The test's client opens eight connections to one process; one is left for who reads.
                try #require(ids.count < 14, "both workers should have something to do: \(loads)")
                let (id, number) = (UUIDText.v4(), ids.count)
                callers.addTask {
                    let ask: ExchangeCrew.Ask = number % 4 < 2 ? .startSession : .cdr
                    return (id, try await crew.ask(ask, id, through: number.isMultiple(of: 2) ? .ingressA : .ingressB))
                }
                ids.append(id)
                try await eventually("the recipient has it") { crew.recipient.seen.contains(id) }
            }
        }
    }
}
