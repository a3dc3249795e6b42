import Inbound
import Testing

@testable import Node

/// How a process divides its open files.
@Suite struct ConnectionPlanTests {
    private func configuration(_ adjust: (inout NodeConfiguration) -> Void = { _ in }) throws -> NodeConfiguration {
        var configuration = try NodeConfiguration.local(number: 1, bootstrap: "127.0.0.1:9092", ports: (8080, 8081))
        adjust(&configuration)
        return configuration
    }

    @Test(arguments: [256, 512, 1024, 4096, 65_536, 1_000_000]) func whatIsSharedOutIsThere(files: Int) throws {
        let plan = try ConnectionPlan(try configuration(), files: files, cores: 2)
        #expect(plan.publicConnections >= 32 && plan.publicConnections <= ConnectionPlan.most)
        #expect(plan.privateConnections >= 16 && plan.privateConnections <= 1000)
        #expect(plan.perAddress == plan.publicConnections / 2)
        #expect(plan.publicConnections + plan.privateConnections <= files - 144, "Kafka's clients and calls to parties need some")
    }

    @Test func callsToPartiesLeaveRoomForKafka() {
        #expect(ConnectionPlan.calls(files: 256, cores: 2) == 72 && ConnectionPlan.calls(files: 65_536, cores: 2) == 8192)
        #expect(ConnectionPlan.calls(files: nil, cores: 2) == 8192)
    }

    @Test func recipientsThatHangLeaveCallsToOthersAlsoWithFewFiles() {
        let few = ConnectionPlan.exchange(calls: ConnectionPlan.calls(files: 1024, cores: 2), perRecipient: 64)
        #expect(few.inTotal == 96 && few.perRecipient == 24, "of 128 calls a quarter is PUSH's")
        let many = ConnectionPlan.exchange(calls: ConnectionPlan.calls(files: 65_536, cores: 2), perRecipient: 64)
        #expect(many.inTotal == 6144 && many.perRecipient == 64)
        let decided = ConnectionPlan.exchange(calls: 1000, perRecipient: 3)
        #expect(decided.perRecipient == 3)
        let fewest = ConnectionPlan.exchange(calls: 1, perRecipient: 64)
        #expect(fewest.inTotal == 1 && fewest.perRecipient == 1)
    }

    @Test(arguments: [256, 512, 1024]) func manyCoresDoNotTakeASmallLimit(files: Int) throws {
        let plan = try ConnectionPlan(try configuration(), files: files, cores: 64)
        #expect(plan.publicConnections >= 32 && plan.privateConnections >= 16)
    }

    @Test func withoutALimitThereIsOneAllTheSame() throws {
        #expect(try ConnectionPlan(try configuration(), files: nil, cores: 2).publicConnections == ConnectionPlan.most)
    }

    /// A client from another address can connect however many connections one address has; while there are few, one address may use all of
    /// them.
    @Test(arguments: [(4, 4), (8, 8), (9, 8), (16, 8), (1000, 500)])
    func oneAddressGetsAPartOfThePrivateConnections(connections: Int, share: Int) throws {
        let decided = try configuration { $0.privateConnections = connections }
        let limits = try ConnectionPlan(decided, files: 4096, cores: 2).privateLimits
        #expect(limits.connections == connections && limits.connectionsPerAddress == share)
    }

    @Test func tooFewAreRefusedInWords() throws {
        let whole = try configuration()
        let error = #expect(throws: ConfigurationError.self) { try ConnectionPlan(whole, files: 200, cores: 2) }
        #expect(error.map { "\($0)".contains("only 200 files open (ulimit -n)") && "\($0)".contains("Raise the limit") } == true)
        let many = try configuration { $0.publicConnections = 5000 }
        let refused = #expect(throws: ConfigurationError.self) { try ConnectionPlan(many, files: 4096, cores: 2) }
        #expect(refused.map { "\($0)".contains("http.public.connections is 5000") } == true)
        // A process without INGRESS has no public listener.
        let worker = try configuration { $0.roles = [.push] }
        _ = try ConnectionPlan(worker, files: 200, cores: 2)
    }

    @Test func settingsWin() throws {
        let decided = try configuration {
            $0.publicConnections = 100
            $0.publicConnectionsPerAddress = 7
            $0.privateConnections = 9
            $0.privateConnectionsPerAddress = 3
            $0.trustedProxies = ["10.0.0.0/8"]
        }
        let plan = try ConnectionPlan(decided, files: 4096, cores: 2)
        #expect((plan.publicConnections, plan.perAddress, plan.privateConnections) == (100, 7, 9))
        #expect(plan.privateLimits.connectionsPerAddress == 3)
        #expect(plan.publicLimits.trustedProxies == TrustedProxies(["10.0.0.0/8"]) && plan.privateLimits.trustedProxies == TrustedProxies())
    }
}
