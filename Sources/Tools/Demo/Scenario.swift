import Encoding
import NIOCore
import OCPI
import TestParties

/// The scenario. Each step throws `DemoFailure` if an expectation is not met, and returns a short description of its result.
struct Scenario {
    let demoStage: DemoStage
    let report: DemoReport
    var step = Step.setting

    let driver: DriverToken
    let customers: [Customer]
    let sites: [DemoSite]
    let charging: Charging
    let started = Timestamp.now.adding(milliseconds: -45 * 60 * 1000 - 30_000)

    /// The CDR call of step 3 and the request at the eMSP, which steps 4 and 5 use.
    var cdrCall: (sent: SentRequest, received: ReceivedRequest)?
    var copy: ReceivedRequest?
    var invoice: Invoice?

    /// Timeout for everything that must happen.
    static let maximumWait = Duration.seconds(10)
    /// How long to wait for something that must not happen.
    static let grace = Duration.milliseconds(300)

    var participants: DemoParticipants { demoStage.participants }

    init(demoStage: DemoStage, report: DemoReport) throws {
        self.demoStage = demoStage
        self.report = report
        driver = DriverToken(owner: demoStage.participants.emsp.profile.id)
        customers = [Customer(contractID: driver.contractID, name: "Camille Roux", address: "12 rue des Lilas, 69003 Lyon")]
        sites = DemoSite.stromladen(demoStage.participants.cpo1.profile.id)
        guard let site = sites.first else { throw DemoFailure(step: 0, reason: "CPO 1 has no site") }
        charging = Charging(sessionID: "SES-1001", site: site, driver: driver, start: started)
        demoStage.participants.cpo1.offer(sites)
        demoStage.participants.cpo2.offer(DemoSite.laadpunt(demoStage.participants.cpo2.profile.id))
        demoStage.participants.emsp.offer(driver)
    }

    /// Runs one step.
    mutating func run(_ step: Step) async throws -> String {
        self.step = step
        switch step {
        case .setting: return try await setting()
        case .session: return try await session()
        case .cdr: return try await sendCDR()
        case .forwarding: return try await forwarding()
        case .billing: return try bill()
        case .invoice: return try await sendInvoice()
        case .permission: return try await proofOfPermission()
        case .durability: return try await proofOfDurability()
        }
    }

    /// Number of module requests that the billing service received from parties other than CPO 1, the only one with an agreement.
    var copiesWithoutPermission: Int {
        participants.billing.received.entries.count { $0.from != nil && $0.from != participants.cpo1.profile.id }
    }

    // MARK: Expectations

    func expect(_ holds: Bool, _ reason: @autoclosure () -> String) throws {
        if !holds { throw DemoFailure(step: step.rawValue, reason: reason()) }
    }

    func require<Value>(_ value: Value?, _ reason: @autoclosure () -> String) throws -> Value {
        guard let value else { throw DemoFailure(step: step.rawValue, reason: reason()) }
        return value
    }

    // MARK: Requests

    /// Sends a request through the network and checks both ends: the recipient got the sent bytes with both parties' headers and a new
    /// request id; the caller got the recipient's answer with its own request id; every record was in Kafka.
    /// - Parameters:
    ///   - copies: number of services that get one.
    ///   - splicesResponseURL: whether the `response_url` in the body is replaced.
    func exchange(
        _ method: OCPI.Method, _ module: String, _ interface: InterfaceRole, path: String = "", query: String? = nil,
        from: DemoParty, to: DemoParty, body: ByteBuffer? = nil, copies: Int = 0, splicesResponseURL: Bool = false
    ) async throws -> (sent: SentRequest, received: ReceivedRequest) {
        let call = try await from.send(method, module, interface, path: path, query: query, to: to.profile.id, body: body)
        return try await check(call, from: from, to: to, body: body, copies: copies, splicesResponseURL: splicesResponseURL)
    }

    /// The same for a URL that a node handed out.
    func follow(
        _ method: OCPI.Method, _ url: String, from: DemoParty, to: DemoParty
    ) async throws -> (sent: SentRequest, received: ReceivedRequest) {
        let call = try await from.call(method, url, to: to.profile.id)
        return try await check(call, from: from, to: to, body: nil)
    }

    /// Checks and reports a completed call.
    func check(
        _ call: SentRequest, from: DemoParty, to: DemoParty, body: ByteBuffer?, copies: Int = 0, splicesResponseURL: Bool = false
    ) async throws -> (sent: SentRequest, received: ReceivedRequest) {
        let name = "\(call.method.rawValue) \(call.target) of \(from.profile.id)"
        try expect(
            call.status == 200 && call.ocpiStatus == 1000,
            "\(name) was answered HTTP \(call.status), OCPI \(call.ocpiStatus.map(String.init) ?? "none"): "
                + (call.body.jsonString(["status_message"]) ?? "no message"))
        let received = try require(
            to.received.entries.last { $0.correlationID == call.correlationID }, "\(to.profile.id) did not receive \(name)")
        try expect(
            received.from == from.profile.id && received.to == to.profile.id,
            "\(to.profile.id) received \(name) with other parties in the routing headers")
        try expect(received.request.method == call.method, "\(to.profile.id) received \(received.line) for \(name)")
        try expect(
            received.request.header(OCPIHeader.requestID).map { $0 != call.requestID } ?? false,
            "\(to.profile.id) received \(name) without an X-Request-ID of its own")
        try expect(call.header(OCPIHeader.requestID) == call.requestID, "\(name) was answered with another X-Request-ID")
        try expect(call.body == received.answer.body, "\(name) was answered with other bytes than \(to.profile.id) sent")
        if !splicesResponseURL {
            try expect(received.request.body == body ?? ByteBuffer(), "\(to.profile.id) received other bytes than \(from.profile.id) sent")
        }
        let nodes = Set([participants.nodeIndex(of: from), participants.nodeIndex(of: to)]).count
        let trail = try require(
            await demoStage.tap.trail(of: call.correlationID, requests: nodes, replies: nodes, copies: copies, timeout: Self.maximumWait),
            "\(name) did not cross the requests and replies of \(nodes) node\(nodes == 1 ? "" : "s")"
                + (copies == 0 ? "" : " and \(copies) outbox"))
        report.route(
            step,
            ChargingExchange(
                from: from.profile.id, to: to.profile.id, method: call.method, path: call.target, status: call.status,
                milliseconds: call.duration.inMilliseconds,
                stations: ChargingExchange.stations(
                    call, caller: from.profile.id, arrival: received, recipient: to.profile.id, trail: trail)))
        return (call, received)
    }

    /// Waits for the copy of a call at the billing service, checks and reports it.
    func awaitCopy(of call: (sent: SentRequest, received: ReceivedRequest), from: DemoParty) async throws -> (ReceivedRequest, Crossing) {
        let id = call.sent.correlationID
        let service = participants.billing.profile.id
        let arrived = await participants.billing.received.wait(within: Self.maximumWait) { $0.contains { $0.correlationID == id } }
        let copy = try require(
            arrived?.first { $0.correlationID == id }, "\(service) did not receive its copy of \(call.sent.method) \(call.sent.target)")
        try expect(copy.request.body == call.received.request.body, "\(service) received other bytes than \(from.profile.id) sent")
        try expect(
            copy.from == from.profile.id && copy.to == service, "\(service) received its copy with other parties in the routing headers")
        let trail = await demoStage.tap.trail(of: id, requests: 1, replies: 1, copies: 1, timeout: Self.maximumWait) ?? []
        let crossing = try require(trail.first { $0.kind == .copy }, "the copy for \(service) did not cross an outbox")
        report.route(
            step,
            ChargingExchange(
                from: from.profile.id, to: service, method: call.sent.method, path: copy.request.path, status: copy.answer.status,
                milliseconds: Double(max(0, copy.time.milliseconds - call.sent.sent.milliseconds)), isCopy: true,
                stations: ChargingExchange.stations(ofCopy: crossing, call.sent, arrival: copy, recipient: service, trail: trail)))
        return (copy, crossing)
    }
}

extension Duration {
    var inMilliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
    var inSeconds: Double { inMilliseconds / 1000 }
}
