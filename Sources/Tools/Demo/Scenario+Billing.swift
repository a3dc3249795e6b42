import Encoding
import NIOCore
import OCPI
import TestParties

/// Steps 3 to 8: the CDR, its copy, the invoice, and the two proofs.
extension Scenario {
    mutating func sendCDR() async throws -> String {
        let id = "CDR-1001"
        let cdr = charging.cdr(id: id, .evening, updated: .now)
        let call = try await postCDR(cdr, of: participants.cpo1, copies: 1)
        cdrCall = call
        return "\(id) answered \(call.sent.status) by the eMSP itself"
    }

    /// Sends a CDR to the eMSP and checks that it passed the sender's node and, if different, the eMSP's node.
    private func postCDR(
        _ cdr: ByteBuffer, of cpo: DemoParty, copies: Int
    ) async throws -> (sent: SentRequest, received: ReceivedRequest) {
        try await exchange(.post, "cdrs", .receiver, from: cpo, to: participants.emsp, body: cdr, copies: copies)
    }

    mutating func forwarding() async throws -> String {
        let call = try require(cdrCall, "there is no CDR")
        copy = try await awaitCopy(of: call, from: participants.cpo1).0
        let home = demoStage.nodes[participants.nodeIndex(of: participants.cpo1)].publicURL
        let location = try require(call.sent.header(OCPIHeader.location), "the answer to the CDR has no Location")
        try expect(location.hasPrefix(home + "/"), "the Location \(location) is not at CPO 1's node \(home)")
        let (sent, _) = try await follow(.get, location, from: participants.cpo1, to: participants.emsp)
        let data = try require(sent.body.jsonRange(of: ["data"]), "GET Location returned no data")
        let found = sent.body.getSlice(at: sent.body.readerIndex + data.lowerBound, length: data.count)
        try expect(found == call.received.request.body, "GET Location returned another CDR than was sent")
        return "eMSP and billing service have the same \(call.received.request.body.readableBytes) bytes; Location returns them"
    }

    mutating func bill() throws -> String {
        let copy = try require(copy, "there is no copy")
        let invoice: Invoice
        do {
            invoice = try Billing.invoice(for: copy.request.body, customers: customers)
        } catch {
            throw DemoFailure(step: step.rawValue, reason: "the CDR cannot be billed: \(error)")
        }
        for line in invoice.lines {
            let places = line.kind == .energy ? 3 : 0
            let quantity = Decimal.text(line.kind == .energy ? line.quantity : line.quantity / 60, places: places)
            let unit = line.kind == .energy ? "kWh" : "min"
            let price = "\(Decimal.text(line.unitPrice, places: 4)) per \(line.kind == .energy ? "kWh" : "h")"
            let amount = Decimal.text(line.net, places: 2).leftPadded(to: 8)
            let item = "\(line.kind.rawValue.padded(to: 8))\(quantity.leftPadded(to: 8)) \(unit)"
            report.note(step, "\(item) at \(price.padded(to: 14))  \(amount)")
        }
        report.note(step, "VAT\(Decimal.text(invoice.vat, places: 2).leftPadded(to: 45))")
        try expect(
            invoice.lines.map(\.net) == [903, 92] && invoice.vat == 189 && invoice.total == 1184,
            "the invoice says \(invoice.totalText), and the figures of this CDR make 11.84 EUR")
        let stated = copy.request.body.jsonNumber(["total_cost", "incl_vat"])
        try expect(
            stated == Decimal.text(invoice.total, places: 2), "the CDR states \(stated ?? "no total"), the invoice \(invoice.totalText)")
        self.invoice = invoice
        return "\(invoice.number): \(invoice.totalText) for \(invoice.customer.name)"
    }

    func sendInvoice() async throws -> String {
        let invoice = try require(invoice, "there is no invoice")
        let (sent, received) = try await exchange(
            .post, "invoices", .receiver, from: participants.billing, to: participants.emsp, body: invoice.encoded())
        try expect(received.request.path == "/ocpi/2.2.1/invoices", "the eMSP received \(received.line)")
        let id = sent.correlationID
        try expect(
            !demoStage.tap.crossings.contains { $0.kind == .copy && $0.correlationID == id }, "a custom module's request was copied")
        return "\(invoice.number) is at the eMSP"
    }

    func proofOfPermission() async throws -> String {
        let owner = participants.cpo2.profile.id
        let site = try require(DemoSite.laadpunt(owner).first, "CPO 2 has no site")
        let visit = Charging(sessionID: "SES-2001", site: site, driver: driver, start: started)
        _ = try await postCDR(visit.cdr(id: "CDR-2001", .kade, updated: .now), of: participants.cpo2, copies: 0)
        // An unwanted copy would arrive within milliseconds. The summary counts copies again after all eight steps.
        let unwanted = await participants.billing.received.wait(within: Self.grace) { $0.contains { $0.from == owner } }
        try expect(unwanted == nil, "\(participants.billing.profile.id) received a request of \(owner), which did not agree")
        let source = "/\(owner.country)/\(owner.party)"
        try expect(!demoStage.tap.crossings.contains { $0.kind == .copy && $0.source == source }, "a copy for a service crossed an outbox")
        return "the eMSP has CDR-2001, \(participants.billing.profile.id) has nothing of \(owner)"
    }

    func proofOfDurability() async throws -> String {
        let service = participants.billing
        let known = Set(service.received.entries.compactMap(\.correlationID))
        await service.stop()
        report.note(step, "\(service.profile.id) is down: connections to \(service.url) are refused")

        let visit = Charging(sessionID: "SES-1002", site: charging.site, driver: driver, start: started)
        let cdrs = [
            visit.cdr(id: "CDR-1002", .mistaken, updated: .now),
            visit.cdr(id: "CDR-1002-C", .mistaken, crediting: "CDR-1002", updated: .now),
            visit.cdr(id: "CDR-1003", .corrected, updated: .now),
        ]
        var calls: [(sent: SentRequest, received: ReceivedRequest)] = []
        for cdr in cdrs {
            let call = try await postCDR(cdr, of: participants.cpo1, copies: 1)
            try expect(
                call.sent.duration < .seconds(5), "a CDR was answered after \(DemoReport.decimal(call.sent.duration.inSeconds)) s only")
            calls.append(call)
        }
        let slowest = calls.map(\.sent.duration.inMilliseconds).max() ?? 0
        report.note(step, "all three answered at once, the slowest after \(DemoReport.decimal(slowest)) ms")
        func arrivals(_ entries: [ReceivedRequest]) -> [ReceivedRequest] {
            entries.filter { $0.from != nil && !($0.correlationID.map(known.contains) ?? false) }
        }
        try expect(arrivals(service.received.entries).isEmpty, "\(service.profile.id) received something while it was down")

        try await service.start()
        let back = Timestamp.now
        report.note(step, "\(service.profile.id) is back on the same port")
        _ = await service.received.wait(within: Self.maximumWait + Self.maximumWait) { entries in
            entries.count { $0.from != nil && !($0.correlationID.map(known.contains) ?? false) } >= cdrs.count
        }
        var crossings: [Crossing] = []
        for call in calls { crossings.append(try await awaitCopy(of: call, from: participants.cpo1).1) }
        _ = await service.received.wait(within: Self.grace) { entries in
            entries.count { $0.from != nil && !($0.correlationID.map(known.contains) ?? false) } > cdrs.count
        }
        let arrived = arrivals(service.received.entries)
        try expect(
            arrived.map(\.request.body) == cdrs, "\(service.profile.id) received \(arrived.count) copies, not exactly the three in order")
        try expect(
            Set(crossings.map(\.partition)).count == 1 && crossings.map(\.offset) == crossings.map(\.offset).sorted(),
            "the three copies, all of one session, do not stand in one partition in order")
        let delay = max(0, (arrived.last?.time.milliseconds ?? back.milliseconds) - back.milliseconds)
        return
            "3 CDRs answered in at most \(DemoReport.decimal(slowest)) ms each, exactly those 3 copies in order \(delay) ms after the return"
    }
}

extension ByteBuffer {
    /// The literal of a JSON number at a member path.
    fileprivate func jsonNumber(_ path: [String]) -> String? {
        guard case .number(let text)? = path.reduce(try? JSONValue.parse(self), { $0?[$1] }) else { return nil }
        return text
    }
}
