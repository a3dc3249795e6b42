import Directory
import Kafka
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import OCPI
import Topics
import Wire

// One attempt to deliver one copy, on an event loop.
extension PushFlow {
    func run(_ errand: Errand<CopyRecord>) {
        if let burial = errand.burial { return bury(errand, burial) }
        let request = errand.parcel.cargo.request
        let directory = store.directory
        // MATCHER saw an agreement in the state of that version. Without it, its absence here would not mean that it was withdrawn.
        guard directory.version >= request.stateVersion else { return complete(errand, .failed(errand.last, after: nil)) }
        // The agreement counts when the copy is sent, not only when it was made.
        guard directory.hasAgreement(user: request.from, provider: request.to) else { return complete(errand, .ended(.withheld)) }
        if directory.service(request.to)?.delivery == .topic { return complete(errand, .ended(.topic)) }
        guard request.time.adding(milliseconds: settings.horizon.milliseconds) > .now else {
            return bury(errand, Burial(cause: "expired", ending: .expired, attempts: errand.attempts, last: errand.last))
        }
        send(errand, request, directory)
    }

    private func send(_ errand: Errand<CopyRecord>, _ request: RequestRecord, _ directory: Directory) {
        var outbound: OutboundRequest
        switch Destination(of: request, in: directory, ownOperator: ownOperator) {
        case .none:
            // It may register, or advertise the module, before the horizon.
            metrics.attempted(.noDestination)
            return complete(errand, .failed(errand.last, after: nil))
        case .platform(let url, let authorization): outbound = Hop.call(request, url: url, authorization: authorization)
        case .node(let node):
            do { outbound = try Hop.message(request, to: node, proxy: nil, key: settings.nodeKey) } catch {
                return bury(
                    errand,
                    Burial(cause: "body cannot be sent to another node", ending: .dead, attempts: errand.attempts, last: errand.last))
            }
        }
        outbound.headers.add(name: Hop.copyID, value: errand.parcel.cargo.id)
        client.send(outbound, deadline: .now() + .init(settings.requestTimeout)) { result in
            switch result {
            case .success(let response): self.judge(errand, response)
            case .failure(let failure):
                self.metrics.failed(failure.kind)
                self.complete(errand, .failed(LastAttempt(), after: nil))
            }
        }
    }

    private func judge(_ errand: Errand<CopyRecord>, _ response: OutboundResponse) {
        let status = response.body.jsonInteger(["status_code"])
        let last = LastAttempt(httpStatus: response.status, status: status)
        switch Verdict(httpStatus: response.status, statusCode: status) {
        case .delivered:
            metrics.attempted(.delivered)
            complete(errand, .ended(.delivered))
        case .retry:
            metrics.attempted(.retry)
            let after = RetryAfter.delay(response, now: .now, cap: .init(settings.retryAfterCap))
            complete(errand, .failed(last, after: after))
        case .final(let cause):
            metrics.attempted(.rejected)
            bury(errand, Burial(cause: "rejected: \(cause)", ending: .dead, attempts: errand.attempts + 1, last: last))
        }
    }

    /// The record is finished only when `ocn.dead` has it.
    private func bury(_ errand: Errand<CopyRecord>, _ burial: Burial) {
        let dead = DeadRecord(
            copy: errand.parcel.cargo, cause: burial.cause, attempts: burial.attempts, lastHTTPStatus: burial.last.httpStatus,
            lastStatus: burial.last.status, diedAt: .now)
        producer.send(dead.outgoing(to: topics)) { result in
            switch result {
            case .success: self.complete(errand, .ended(burial.ending))
            case .failure(let error):
                self.metrics.unburied.increment()
                self.logger.warning("dead letter not written: \(error)", metadata: ["copy": "\(dead.copy.id)"])
                self.complete(errand, .unburied(burial))
            }
        }
    }
}
