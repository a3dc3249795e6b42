import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import Outbound
import Synchronization
import Topics

// From a request's turn to its call. Everything but the end happens on the request's event loop.
extension ExchangeFlow {
    /// It may be sent, as far as its partition is concerned.
    func begin(_ exchange: PendingExchange, _ directory: Directory) {
        var exchange = exchange
        // Nobody waits: the hub has answered already, and what follows is MATCHER's.
        guard exchange.record.reply != nil else { return finish(exchange, entered: false) }
        if let fault = exchange.fault { return settle(exchange, ExchangeFailure(.refused, .implausible("\(fault)")), entered: false) }
        guard exchange.sendBy > .now() else { return settle(exchange, hubTooLate(exchange), entered: false) }
        let key = IdempotencyKey(exchange.record)
        if let key, let answer = idempotency.withLock({ $0.answer(key, now: .now()) }) {
            return tellAgain(exchange, answer, entered: false)
        }
        exchange.isRepeated = key.map { key in idempotency.withLock { $0.isUnderWay(key) } } ?? false
        // A record that comes again after the partition went and came back may still be under way here.
        guard exchange.maySend || exchange.isRepeated else { return settleInDoubt(exchange, entered: false) }
        let destination = RecipientRoute(of: exchange.record, in: directory, ownOperator: ownOperator)
        if case .none(let exchangeFailure) = destination { return settle(exchange, exchangeFailure, entered: false) }
        let (entry, alarm) = inFlight.withLock { [exchange] in
            $0.enter(exchange, callsNobody: exchange.isRepeated, now: .now())
        }
        switch entry {
        case .entered: proceed(exchange, key, destination, directory)
        case .waits: metrics.waiting(inFlight.withLock { $0.waiting.requests }, for: .place)
        case .refused(let refusal): refuse(exchange, refusal, entered: false)
        case .abandoned: abandon(exchange)
        }
        if let alarm { wake(at: alarm) }
    }

    /// It has waited for its place, and meanwhile the recipient may have gone.
    func goOn(_ exchange: PendingExchange) {
        guard exchange.sendBy > .now() else { return settle(exchange, Self.waitedTooLong(exchange), entered: true) }
        let directory = store.directory
        let destination = RecipientRoute(of: exchange.record, in: directory, ownOperator: ownOperator)
        if case .none(let exchangeFailure) = destination { return settle(exchange, exchangeFailure, entered: true) }
        proceed(exchange, IdempotencyKey(exchange.record), destination, directory)
    }

    /// It has a place.
    private func proceed(_ exchange: PendingExchange, _ key: IdempotencyKey?, _ destination: RecipientRoute, _ directory: Directory) {
        var exchange = exchange
        let (calls, unanswering) = inFlight.withLock { ($0.total.requests, $0.unanswering) }
        metrics.inFlight(calls, unanswering: unanswering)
        if let key {
            switch idempotency.withLock({ $0.begin(key, exchange, now: .now()) }) {
            case .first: exchange.idempotencyKey = key
            case .waits: return
            case .answered(let answer): return tellAgain(exchange, answer, entered: true)
            }
        }
        guard exchange.maySend || exchange.idempotencyKey == nil else { return settleInDoubt(exchange, entered: true) }
        exchange.permit = inFlight.withLock { $0.permit(exchange.recipient, of: exchange.account, now: .now()) }
        guard exchange.permit != nil else { return refuse(exchange, .breaker, entered: true) }
        do throws(ExchangeFailure) {
            try prepare(exchange, destination, directory)
        } catch {
            settle(exchange, error, entered: true)
        }
    }

    /// It waited for the recipient: for those before it to be answered.
    static func waitedTooLong(_ exchange: PendingExchange) -> ExchangeFailure { ExchangeFailure(.expired, .noAnswer(exchange.recipient)) }

    /// Its time was over before its turn came, and not for the recipient's sake: so it is this node's own trouble.
    func hubTooLate(_ exchange: PendingExchange) -> ExchangeFailure {
        // Whether an earlier worker has sent it nobody knows.
        guard !exchange.isInDoubt else { return ExchangeFailure(.timeout, .unknownOutcome(exchange.recipient)) }
        failures.log(
            .error, "late", "a request was not sent, because this node came to it too late",
            metadata: ["at": "\(exchange.partition)@\(exchange.offset)", "recipient": "\(exchange.recipient)"])
        return ExchangeFailure(.expired, .notSentInTime(exchange.recipient))
    }

    private func settleInDoubt(_ exchange: PendingExchange, entered: Bool) {
        metrics.refused(.inDoubt)
        settle(exchange, ExchangeFailure(.timeout, .unknownOutcome(exchange.recipient)), entered: entered)
    }

    func refuse(_ exchange: PendingExchange, _ refusal: InFlight<PendingExchange>.Refusal, entered: Bool) {
        let error: OCPIError
        switch refusal {
        case .full:
            metrics.refused(.busy)
            error = .recipientBusy(exchange.recipient)
        case .breaker:
            metrics.refused(.breaker)
            error = .heldBack(exchange.recipient)
        }
        settle(exchange, ExchangeFailure(.refused, error), entered: entered)
    }

    /// Gives the recipient a `response_url` that leads back through the hub, where there is one.
    private func prepare(_ exchange: PendingExchange, _ destination: RecipientRoute, _ directory: Directory) throws(ExchangeFailure) {
        var record = exchange.record
        // Addressed to the hub, with a URL that says whose it is.
        if let receiver = record.originalReceiver {
            record = Resigning.copy(record, originalReceiver: receiver, key: settings.nodeKey)
        }
        guard record.origin == .local, let found = try Rewrites.responseURL(of: record) else {
            return try call(
                exchange, record, destination, proxy: record.target.map { OutboundRequestBuilder.Proxy(uid: nil, resource: $0) })
        }
        if let defect = defect(of: found.url, handedOutBy: record.from, in: directory) {
            throw ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: "response_url \(defect)"))
        }
        switch destination {
        case .node(let node):
            // The recipient's node keeps the URL under an id that is ours to choose: it must be in there before that node sees it.
            let id = Capabilities.newID()
            let url = Rewrites.callbackPrefix(at: node, for: record) + id
            let changed = Rewrites.replacing(found, with: url, in: record, key: settings.nodeKey)
            let proxy = OutboundRequestBuilder.Proxy(uid: id, resource: found.url)
            guard !directory.lies(found.url, below: record.module, .sender, of: record.from) else {
                return try call(exchange, changed, destination, proxy: proxy)
            }
            let capability = callback(.url(found.url), of: record)
            callAfterPublishing(capability, capability.handedOutID, exchange, changed, destination, proxy: proxy)
        case .platform, .none:
            let capability = callback(
                Capability.target(found.url, of: record.from, record.module, .sender, in: directory), of: record)
            let prefix = Rewrites.prefix(.callback, for: record, base: settings.publicURL, version: record.version)
            let hubURL = HubURL(prefix: prefix, capability: capability, from: capabilities)
            let changed = Rewrites.replacing(found, with: hubURL.url, in: record, key: settings.nodeKey)
            // The query is part of the URL that is called.
            let destination = RecipientRoute(of: changed, in: directory, ownOperator: ownOperator)
            switch hubURL {
            case .sealed: try call(exchange, changed, destination, proxy: nil)
            case .link(_, let capability, let id): callAfterPublishing(capability, id, exchange, changed, destination, proxy: nil)
            }
        }
    }

    /// What keeps us from calling a URL of a party's for others later; nil if nothing does.
    func defect(of url: String, handedOutBy party: PartyID, in directory: Directory) -> String? {
        directory.defect(of: url, handedOutBy: party) ?? (client.mayCall(url) ? nil : "leads to an address that is not called from here")
    }

    /// The right to call the `response_url` of a request.
    private func callback(_ target: Capability.Target, of record: RequestRecord) -> Capability {
        Capability(
            kind: .callback, owner: record.from, user: record.to, target: target,
            expires: Capability.callbackExpiry(
                record.module, path: record.path, body: record.body, lifetime: settings.callbackLifetime.milliseconds))
    }

    /// The callback may come before the answer, so the link is safe in Kafka before the call.
    private func callAfterPublishing(
        _ capability: Capability, _ id: String, _ exchange: PendingExchange, _ record: RequestRecord, _ destination: RecipientRoute,
        proxy: OutboundRequestBuilder.Proxy?
    ) {
        capabilities.publish(capability, id: id) { result in
            exchange.eventLoop.execute {
                do throws(ExchangeFailure) {
                    if case .failure(let error) = result { throw ExchangeFailure(.refused, error.refusal(of: "response_url")) }
                    try self.call(exchange, record, destination, proxy: proxy)
                } catch {
                    self.settle(exchange, error, entered: true)
                }
            }
        }
    }

    private func call(
        _ exchange: PendingExchange, _ record: RequestRecord, _ destination: RecipientRoute, proxy: OutboundRequestBuilder.Proxy?
    ) throws(ExchangeFailure) {
        switch destination {
        case .platform(let url, let authorization):
            attempt(exchange, OutboundRequestBuilder.call(record, url: url, authorization: authorization), calledAt: url, tries: 1)
        case .node(let node):
            let request: OutboundRequest
            do { request = try OutboundRequestBuilder.message(record, to: node, proxy: proxy, key: settings.nodeKey) } catch {
                throw ExchangeFailure(.refused, .notSendable("the body: \(error)"))
            }
            attempt(exchange, request, calledAt: nil, tries: 1)
        case .none(let exchangeFailure): throw exchangeFailure
        }
    }

    /// - Parameter url: what relative URLs in the answer are relative to; nil for another node.
    private func attempt(_ exchange: PendingExchange, _ request: OutboundRequest, calledAt url: String?, tries: Int) {
        let began = NIODeadline.now()
        // What came before, storing a link say, may have taken all the time there was.
        guard began < exchange.sendBy else {
            return settle(exchange, tries == 1 ? hubTooLate(exchange) : Self.waitedTooLong(exchange), entered: true)
        }
        client.send(request, deadline: exchange.sendBy) { result in
            var exchange = exchange
            exchange.callOutcome = Self.judgement(result, of: exchange, began: began)
            switch result {
            case .success(let response):
                exchange.isAnsweredByNode = url == nil
                self.answered(exchange, response, calledAt: url)
            case .failure(let failure):
                let pause = TimeAmount.milliseconds(50 << (2 * Int64(tries - 1)))
                if failure.kind == .notSent || failure.kind == .busy, tries < 3, .now() + pause < exchange.sendBy {
                    self.metrics.idempotency.increment()
                    exchange.eventLoop.scheduleTask(in: pause) { [exchange] in
                        self.attempt(exchange, request, calledAt: url, tries: tries + 1)
                    }
                } else {
                    self.settle(exchange, Self.exchangeFailure(failure, exchange.recipient), entered: true)
                }
            }
        }
    }

    /// What a call says about its recipient. Any answer speaks for it, whatever its status: it passes through unchanged, and one module
    /// that fails must not cut off the others.
    private static func judgement(
        _ result: Result<OutboundResponse, OutboundFailure>, of exchange: PendingExchange, began: NIODeadline
    ) -> Breaker.Outcome {
        switch result {
        case .success: .succeeded
        case .failure(let failure):
            switch failure.kind {
            case .busy, .forbidden, .tooLarge: .unused
            case .broken: failure.isAnswer ? .succeeded : .failed
            case .notSent, .timeout: began > exchange.fairUntil && .now() >= exchange.sendBy ? .unused : .failed
            }
        }
    }

    private static func exchangeFailure(_ failure: OutboundFailure, _ recipient: PartyID) -> ExchangeFailure {
        switch failure.kind {
        case .notSent, .busy, .forbidden: ExchangeFailure(.unreachable, .notReached(recipient, failure.reason))
        case .tooLarge: ExchangeFailure(.refused, .notSendable(failure.reason))
        case .timeout: ExchangeFailure(.timeout, .noAnswer(recipient))
        case .broken: .unusable(failure.reason, of: recipient)
        }
    }

    /// The record's one end: nothing of it is held any more.
    func finish(_ exchange: PendingExchange, entered: Bool) {
        if entered {
            let jitter = Double.random(in: -1...1)
            let (actions, calls, unanswering) = inFlight.withLock { state in
                let actions = state.leave(
                    exchange, exchange.permit, exchange.callOutcome, callsNobody: \.isRepeated, now: .now(), jitter: jitter)
                return (actions, state.total.requests, state.unanswering)
            }
            metrics.inFlight(calls, unanswering: unanswering)
            carryOut(actions)
        }
        acknowledger.finished(exchange.partition, offset: exchange.offset, epoch: exchange.epoch)
    }
}

extension InFlight.Limits {
    init(_ settings: ExchangeSettings) {
        self.init(
            perRecipient: ExchangeLoad(requests: settings.callsPerRecipient, bytes: settings.bytesPerRecipient),
            inTotal: ExchangeLoad(requests: settings.callsInTotal, bytes: settings.bytesInTotal),
            waitingPerRecipient: ExchangeLoad(requests: settings.waitingPerRecipient, bytes: settings.waitingBytesPerRecipient),
            waitingInTotal: ExchangeLoad(requests: settings.waitingInTotal, bytes: settings.waitingBytesInTotal),
            breaker: .init(settings.breaker))
    }
}
