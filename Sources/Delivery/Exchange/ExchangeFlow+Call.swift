import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import Outbound
import Topics

// Handles a request from its start to the call. Everything runs on the request's event loop.
extension ExchangeFlow {
    /// Admits a request that its partition's intent permits to start.
    func admit(_ exchange: PendingExchange, _ directory: Directory) {
        let now = NIODeadline.now()
        // A request that will not be sent needs neither.
        let isDue = exchange.fault == nil && exchange.sendBy > now
        let key = isDue ? IdempotencyKey(exchange.record) : nil
        let route = isDue ? RecipientRoute(of: exchange.record, in: directory, ownOperator: ownOperator) : nil
        var unroutable: ExchangeFailure?
        if case .none(let failure)? = route { unroutable = failure }
        var others = ExchangeState.Actions()
        for action in step({ [unroutable] in $0.admit(exchange, key, unroutable: unroutable, now: now) }) {
            if case .call = action, let route { prepare(exchange, route, directory) } else { others.append(action) }
        }
        carryOut(others)
    }

    /// Calls the recipient after the wait for a place. The recipient may have been removed meanwhile.
    func callAfterWaiting(_ exchange: PendingExchange) {
        guard exchange.sendBy > .now() else { return failed(exchange, ExchangeRefusal.expired.failure(of: exchange.recipient)) }
        let directory = store.directory
        let route = RecipientRoute(of: exchange.record, in: directory, ownOperator: ownOperator)
        if case .none(let failure) = route { return failed(exchange, failure) }
        prepare(exchange, route, directory)
    }

    private func prepare(_ exchange: PendingExchange, _ destination: RecipientRoute, _ directory: Directory) {
        do throws(ExchangeFailure) {
            try rewrite(exchange, destination, directory)
        } catch {
            failed(exchange, error)
        }
    }

    /// Ends the request without calling its recipient.
    private func failed(_ exchange: PendingExchange, _ failure: ExchangeFailure) {
        carryOut(step { $0.failed(exchange, failure, now: .now()) })
    }

    /// Replaces the request's `response_url`, if there is one, by a URL that leads through the hub.
    private func rewrite(_ exchange: PendingExchange, _ destination: RecipientRoute, _ directory: Directory) throws(ExchangeFailure) {
        var record = exchange.record
        // An open-routing request is addressed to the hub, so its URL must name the receiver.
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
            // The recipient's node stores the URL under an id that this node chooses; the id must be in the URL before that node receives
            // it.
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
            // The query is part of the called URL, so the route is computed again.
            let destination = RecipientRoute(of: changed, in: directory, ownOperator: ownOperator)
            switch hubURL {
            case .sealed: try call(exchange, changed, destination, proxy: nil)
            case .link(_, let capability, let id): callAfterPublishing(capability, id, exchange, changed, destination, proxy: nil)
            }
        }
    }

    /// The reason why a party's URL may not be called later for others; nil if it may.
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

    /// Stores the link in Kafka before the call, because the callback may arrive before the answer.
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
                    self.failed(exchange, error)
                }
            }
        }
    }

    private func call(
        _ exchange: PendingExchange, _ record: RequestRecord, _ destination: RecipientRoute, proxy: OutboundRequestBuilder.Proxy?
    ) throws(ExchangeFailure) {
        switch destination {
        case .platform(let url, let authorization):
            attempt(exchange, OutboundRequestBuilder.call(record, url: url, authorization: authorization), calledAt: url)
        case .node(let node):
            let request: OutboundRequest
            do { request = try OutboundRequestBuilder.message(record, to: node, proxy: proxy, key: settings.nodeKey) } catch {
                throw ExchangeFailure(.refused, .notSendable("the body: \(error)"))
            }
            attempt(exchange, request, calledAt: nil)
        case .none(let exchangeFailure): throw exchangeFailure
        }
    }

    /// - Parameter url: the base of relative URLs in the answer; nil for another node.
    private func attempt(_ exchange: PendingExchange, _ request: OutboundRequest, calledAt url: String?) {
        let began = NIODeadline.now()
        guard began < exchange.sendBy else { return carryOut(step { $0.expired(exchange, now: began) }) }
        client.send(request, deadline: exchange.sendBy) { result in
            switch result {
            case .success(let response): self.answered(AnsweredCall(exchange: exchange, response: response, url: url))
            case .failure(let failure):
                let actions = self.step { $0.callFailed(exchange, failure, began: began, now: .now()) }
                if let due = actions.retry {
                    self.metrics.retries.increment()
                    exchange.eventLoop.scheduleTask(deadline: due) { self.attempt(exchange, request, calledAt: url) }
                }
                self.carryOut(actions)
            }
        }
    }
}
