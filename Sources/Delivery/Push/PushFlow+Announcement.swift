import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

// One attempt to deliver one announcement, on an event loop. Nothing is kept of what cannot be delivered.
extension PushFlow {
    func announce(_ attempt: DeliveryAttempt<OutboxRecord>, _ announcement: AnnouncementRecord) {
        let request = announcement.request
        guard bounds(of: attempt.pending).fault(of: request) == nil else { return complete(attempt, .ended(.dropped(.unsendable))) }
        guard end(of: request) > store.clock.now else { return complete(attempt, .ended(.dropped(.expired))) }
        let directory = store.directory
        // Who made it saw its recipient in the state of that version. Without it, its absence here would not mean that it has gone.
        guard directory.version >= request.stateVersion else { return hinder(attempt) }
        if let node = announcement.node {
            tell(attempt, request, directory.node(operator: node))
        } else {
            tell(attempt, announcement, directory)
        }
    }

    /// When an announcement is given up.
    private func end(of request: RequestRecord) -> Timestamp {
        request.time.adding(milliseconds: settings.announcementHorizon.milliseconds)
    }

    /// A party's platform.
    private func tell(_ attempt: DeliveryAttempt<OutboxRecord>, _ announcement: AnnouncementRecord, _ directory: Directory) {
        let request =
            announcement.original.map {
                Resigning.broadcast(announcement.request, original: $0, key: settings.nodeKey)
            } ?? announcement.request
        guard let platform = directory.platform(of: request.to), directory.status(of: platform.id) == .connected else {
            return complete(attempt, .ended(.dropped(.notConnected)))
        }
        guard case .platform(let url, let authorization) = RecipientRoute(of: request, in: directory, ownOperator: ownOperator) else {
            return complete(attempt, .ended(.dropped(.noDestination)))
        }
        // What the hub itself tells has no sender who could sign it.
        guard !request.module.isFunctional || directory.isContent(request.to, withSignature: request.signature) else {
            return complete(attempt, .ended(.dropped(.unsigned)))
        }
        var outbound = OutboundRequestBuilder.call(request, url: url, authorization: authorization)
        if !request.module.isFunctional {
            // Configuration modules are between two platforms, not between parties (OCPI 2.2.1, 4.1.4).
            for name in OCPIHeader.routing { outbound.headers.remove(name: name) }
        }
        send(attempt, outbound) { response in
            let status = response.statusCode
            switch ResponseClassification(httpStatus: response.status, statusCode: status) {
            case .delivered:
                self.onAnswer(platform.id)
                self.ended(attempt, .delivered)
            case .final: self.ended(attempt, .dropped(.rejected))
            case .retry: self.again(attempt, response, LastAttempt(httpStatus: response.status, status: status))
            }
        }
    }

    /// Another node (OCN node 1.1, `PUT /ocn/client-info`). Whatever it answers but success may pass: it may not know us yet.
    private func tell(_ attempt: DeliveryAttempt<OutboxRecord>, _ request: RequestRecord, _ node: NetworkNode?) {
        guard let node, !node.url.isEmpty else { return complete(attempt, .ended(.dropped(.noDestination))) }
        let body = request.body ?? ByteBuffer()
        var headers = HTTPHeaders()
        headers.add(name: OCPIHeader.requestID, value: UUIDText.v4())
        headers.add(name: OCPIHeader.signature, value: NodeSignature.sign(body, with: settings.nodeKey))
        headers.add(name: "Content-Type", value: "application/json")
        let outbound = OutboundRequest(url: URLJoin.trimmed(node.url) + "/ocn/client-info", method: .put, headers: headers, body: body)
        send(attempt, outbound) { response in
            // The reference nodes answer with an empty body.
            if 200..<300 ~= response.status {
                self.ended(attempt, .delivered)
            } else {
                self.again(attempt, response, LastAttempt(httpStatus: response.status))
            }
        }
    }

    private func ended(_ attempt: DeliveryAttempt<OutboxRecord>, _ ending: DeliveryOutcome) {
        metrics.attempted(ending == .delivered ? .delivered : .rejected)
        complete(attempt, .ended(ending))
    }

    /// Nobody may ask us to wait until after the end.
    private func again(_ attempt: DeliveryAttempt<OutboxRecord>, _ response: OutboundResponse, _ last: LastAttempt) {
        metrics.attempted(.retry)
        let now = store.clock.now
        let rest = max(0, end(of: attempt.pending.payload.request).milliseconds - now.milliseconds)
        let cap = min(.init(settings.retryAfterCap), TimeAmount.milliseconds(rest))
        complete(attempt, .failed(last, after: RetryAfter.delay(response, now: now, cap: cap)))
    }
}

extension OCPIHeader {
    /// Which parties a message is from and for.
    fileprivate static let routing = [fromCountry, fromParty, toCountry, toParty]
}
