import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

// One attempt to deliver one announcement, on an event loop. An announcement that cannot be delivered is dropped, not kept.
extension PushFlow {
    func announce(_ attempt: DeliveryAttempt<OutboxRecord>, _ announcement: AnnouncementRecord) {
        let request = announcement.request
        guard bounds(of: attempt.pending).fault(of: request) == nil else { return complete(attempt, .ended(.dropped(.unsendable))) }
        guard end(of: request) > store.clock.now else { return complete(attempt, .ended(.dropped(.expired))) }
        let directory = store.directory
        // The sender saw the recipient in the state of that version. With an older state, a missing recipient does not mean that it has
        // left.
        guard directory.version >= request.stateVersion else { return awaitState(attempt) }
        if let node = announcement.node {
            send(attempt, request, directory.node(operator: node))
        } else {
            send(attempt, announcement, directory)
        }
    }

    /// The time at which an announcement expires.
    private func end(of request: RequestRecord) -> Timestamp {
        request.time.adding(milliseconds: settings.announcementHorizon.milliseconds)
    }

    /// Sends an announcement to a party's platform.
    private func send(_ attempt: DeliveryAttempt<OutboxRecord>, _ announcement: AnnouncementRecord, _ directory: Directory) {
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
        // An announcement of the hub itself has no sender that could sign it.
        guard !request.module.isFunctional || directory.isContent(request.to, withSignature: request.signature) else {
            return complete(attempt, .ended(.dropped(.unsigned)))
        }
        var outbound = OutboundRequestBuilder.call(request, url: url, authorization: authorization)
        if !request.module.isFunctional {
            // Configuration modules are exchanged between platforms, not between parties (OCPI 2.2.1, 4.1.4).
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

    /// Sends an announcement to another node (OCN node 1.1, `PUT /ocn/client-info`). Every answer except success is retried, because the
    /// node may not know this one yet.
    private func send(_ attempt: DeliveryAttempt<OutboxRecord>, _ request: RequestRecord, _ node: NetworkNode?) {
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

    /// Plans a retry. A `Retry-After` beyond the expiry of the announcement is cut.
    private func again(_ attempt: DeliveryAttempt<OutboxRecord>, _ response: OutboundResponse, _ last: LastAttempt) {
        metrics.attempted(.retry)
        let now = store.clock.now
        let rest = max(0, end(of: attempt.pending.payload.request).milliseconds - now.milliseconds)
        let cap = min(.init(settings.retryAfterCap), TimeAmount.milliseconds(rest))
        complete(attempt, .failed(last, after: RetryAfter.delay(response, now: now, cap: cap)))
    }
}

extension OCPIHeader {
    /// The headers that name the sender and the receiver.
    fileprivate static let routing = [fromCountry, fromParty, toCountry, toParty]
}
