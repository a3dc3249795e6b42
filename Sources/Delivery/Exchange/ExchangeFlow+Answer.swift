import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Outbound
import Topics

// From the recipient's answer to what is said of it.
extension ExchangeFlow {
    func answered(_ call: AnsweredCall) {
        let (record, response, url) = (call.record, call.response, call.url)
        // 1xx is no answer, and 101 would change the protocol.
        guard 200..<600 ~= response.status else { return refuse(call, "its HTTP status is \(response.status)") }
        if let exchangeFailure = ExchangeFailure.instead(of: response, from: record.to) {
            if ExchangeFailure.refusesToken(response) {
                failures.log(.warning, "token \(record.to)", "a recipient is not reached: \(exchangeFailure.error.message)")
            }
            return settle(call.exchange, RecipientResponse(exchangeFailure))
        }
        let status = response.answerStatus
        if url != nil, Rewrites.isSuccess(response.status, status), let platform = store.directory.platform(of: record.to) {
            onAnswer(platform.id)
        }
        let headers = Rewrites.passedHeaders(response)
        // Who is connected here gets no URL of the recipient's, only one of ours.
        let others = headers.filter { $0.name != OCPIHeader.link && $0.name != OCPIHeader.location }
        guard !record.module.isFunctional || status != .ambiguous else { return refuse(call, "its status_code stands twice") }
        // Nobody reads what a service has made of a copy.
        guard record.copyID == nil else { return settle(call, others) }
        guard record.module.isFunctional else { return settleCustom(call, others) }
        guard record.origin != .hub else { return settleForHub(call) }
        guard let (kind, written) = Rewrites.answerURL(record, status: response.status, response.headers) else {
            return settle(call, record.origin == .local ? others : headers)
        }
        let target = Rewrites.absolute(written, calledAt: url)
        let directory = store.directory
        let defect = url == nil ? URLJoin.defect(of: target) : defect(of: target, handedOutBy: record.to, in: directory)
        if let defect {
            // What says that nothing was done needs no URL.
            guard !Rewrites.isRefusal(status) else { return settle(call, others) }
            return refuse(call, "its \(kind.header) \(Rewrites.shown(written)) \(defect)")
        }
        guard record.origin == .local else {
            let isAsWritten = target == written
            return handOut(call.exchange, link(kind, .url(target), of: record, isStored: true), target, directory) { error in
                guard error == nil else { return self.settle(call, others) }
                if isAsWritten { self.settle(call, headers) } else { self.settle(call, others, kind, target) }
            }
        }
        let capability = link(
            kind, Capability.target(target, of: record.to, record.module, record.interface, in: directory), of: record)
        let prefix = Rewrites.prefix(kind, for: record, base: settings.publicURL, version: record.version)
        switch HubURL(prefix: prefix, capability: capability, from: capabilities) {
        case .sealed(let url): settle(call, others, kind, url)
        case .link(let url, let capability, let id):
            publish(link(kind, capability.target, of: record, isStored: true), id, call.exchange) { error in
                guard error == nil else { return self.settle(call, others) }
                self.settle(call, others, kind, url)
            }
        }
    }

    /// What the URLs of a custom module mean nobody here knows, but they would lead around the hub as any other. Those of places that can be
    /// asked for through it become its own; others are left out, unless a list would look complete without its next page. So are those that
    /// another node says: a caller that follows one sends its token along.
    /// - Parameter others: the headers without URLs.
    private func settleCustom(_ call: AnsweredCall, _ others: [(name: String, value: String)]) {
        let (record, response, url) = (call.record, call.response, call.url)
        guard let (kind, written) = Rewrites.customURL(record, status: response.status, response.headers) else {
            return settle(call, others)
        }
        let target = Rewrites.absolute(written, calledAt: url)
        let directory = store.directory
        let place: String? =
            if url == nil {
                CustomPlace.checked(target, record)
            } else if defect(of: target, handedOutBy: record.to, in: directory) == nil {
                CustomPlace.of(target, record, in: directory)
            } else {
                nil
            }
        if let place {
            return settle(
                call, others, kind, record.origin == .local ? URLJoin.trimmed(settings.publicURL) + place : place)
        }
        // What says that nothing was done has no next page.
        guard kind == .page, !Rewrites.isRefusal(response.answerStatus) else { return settle(call, others) }
        refuse(call, "its Link \(Rewrites.shown(written)) does not lie below the endpoint of \(record.module)")
    }

    /// The recipient has answered with what cannot be passed on.
    private func refuse(_ call: AnsweredCall, _ reason: String) {
        settle(call.exchange, RecipientResponse(.unusable(reason, of: call.record.to)))
    }

    /// The caller's own node puts a URL of its own in the place of the recipient's, and asks by the recipient's: this node must know then
    /// that it has given it away.
    private func handOut(
        _ exchange: PendingExchange, _ capability: Capability, _ url: String, _ directory: Directory,
        then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        let record = exchange.record
        guard !directory.lies(url, below: record.module, record.interface, of: record.to) else { return body(nil) }
        publish(capability, capability.handedOutID, exchange, then: body)
    }

    /// Without its next page a list would look complete, so it is an error if that cannot be stored. A CDR is there all the same; only
    /// reading it back through us is not.
    private func publish(
        _ capability: Capability, _ id: String, _ exchange: PendingExchange, then body: @escaping @Sendable (LinkError?) -> Void
    ) {
        capabilities.publish(capability, id: id) { result in
            exchange.eventLoop.execute {
                switch (result, capability.kind) {
                case (.success, _): body(nil)
                case (.failure(let error), .page):
                    self.settle(exchange, RecipientResponse(ExchangeFailure(.unreachable, error.refusal(of: "next page"))))
                case (.failure(let error), _): body(error)
                }
            }
        }
    }

    /// INGRESS looks into it.
    private func settleForHub(_ call: AnsweredCall) {
        var call = call
        do throws(UnreadableCoding) {
            call.response = try call.response.decoded(upTo: RecordLimits.answerBody)
        } catch {
            return refuse(call, "\(error)")
        }
        settle(call, Rewrites.passedHeaders(call.response))
    }

    /// The right to call a URL in an answer. Of next pages, which lists have many of, those that take a place in the store end earlier.
    private func link(
        _ kind: Capability.Kind, _ target: Capability.Target, of record: RequestRecord, isStored: Bool = false
    ) -> Capability {
        let lifetime =
            kind == .page ? (isStored ? settings.storedPageLifetime : settings.pageLifetime) : settings.objectLifetime
        return Capability(
            kind: kind, owner: record.to, user: record.from, target: target, expires: .now.adding(milliseconds: lifetime.milliseconds))
    }

    /// With this URL in the place of the recipient's.
    private func settle(_ call: AnsweredCall, _ headers: [(name: String, value: String)], _ kind: Capability.Kind, _ url: String) {
        let header = (name: kind.header, value: kind == .page ? LinkHeader.next(url) : url)
        var response = call.response
        var headers = headers + [header]
        // A signature in a coded body can only be made to fit without the coding.
        if response.isCoded, Resigning.isSigned(response.readable.body) {
            response = response.readable
            headers.removeAll { $0.name == OCPIHeader.contentEncoding }
        }
        response.body = Resigning.answer(
            response.body, response.headers, replacing: kind == .page ? .link : .location, by: header.value, key: settings.nodeKey)
        settle(AnsweredCall(exchange: call.exchange, response: response, url: call.url), headers)
    }

    private func settle(_ call: AnsweredCall, _ headers: [(name: String, value: String)]) {
        settle(call.exchange, call.answer(headers))
    }

    /// The one answer of this request, and of its repeats that came meanwhile.
    private func settle(_ exchange: PendingExchange, _ answer: RecipientResponse) {
        carryOut(step { $0.answered(exchange, answer, now: .now()) })
    }
}

extension Capability.Kind {
    /// Where an answer has a URL of that kind.
    fileprivate var header: String { self == .page ? OCPIHeader.link : OCPIHeader.location }
}
