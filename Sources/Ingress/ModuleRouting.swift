import Directory
import Encoding
import HTTPTypes
import Hummingbird
import Instruments
import Logging
import NIOCore
import OCPI
import Topics

/// The data path: a request of a connected party to a module of another party, or of several parties through the hub.
struct ModuleRouting: Sendable {
    let settings: IngressSettings
    let requestAdmission: RequestAdmission
    let dependencies: IngressDependencies
    let staleReadRetry: StaleReadRetry
    let bodyReader: BodyReader
    let producer: RequestProducer
    let signatures: RequestSignatures
    let metrics: IngressMetrics
    let logger: Logger

    /// One admitted request.
    struct Call: Sendable {
        let head: RequestHead
        let route: ModuleRoute
        /// The OCPI version whose status codes the answer uses.
        let dialect: OCPIVersion
        let admission: RequestAdmission.Admission
        let directory: Directory
        let body: ByteBuffer?

        /// Whether the caller may write objects of that party: a platform may write those of all its parties.
        func isOwn(_ party: PartyID) -> Bool { directory.serves(admission.platform, party) }
    }

    func respond(_ request: Request, _ head: RequestHead, _ route: ModuleRoute) async throws -> Response {
        let (admission, directory) = try await staleReadRetry.ask(isWorthwhile: head.authorization != nil) { directory throws(OCPIError) in
            try requestAdmission.admit(head, route, in: directory)
        }
        dependencies.heard(admission.platform.id)
        logGenerated(admission.ids, route)
        let dialect = ModuleRouting.dialect(route, admission.platform)
        var address = ResponseAddress(admission.ids, to: admission.from, from: admission.receiver.party ?? settings.hub)
        do {
            if case .party(let to) = admission.receiver {
                try RequestAdmission.checkWilling(to, from: admission.from, route.module, in: directory)
            }
            let capability = try await capability(head.method, route, admission, directory)
            return try await bodyReader.withBody(of: request, head, from: admission.platform.id, isOpaque: route.isCustom) { body in
                try check(body, head.query, route)
                let call = Call(head: head, route: route, dialect: dialect, admission: admission, directory: directory, body: body)
                let receiver = try receiver(of: call, capability)
                try signatures.check(
                    SignedRequest(head, from: admission.from, to: receiver.party, isCustom: route.isCustom, body: body), in: directory)
                switch receiver {
                case .party(let to):
                    address.from = to
                    return try await forward(call, to: to, capability, address)
                case .everybody:
                    try BroadcastOwner.check(route, admission.platform, body, in: directory)
                    return try await broadcast(call, address)
                case .listOfAll, .open: return try await list(call, address)
                }
            }
        } catch let error as OCPIError {
            return .refusal(error, version: dialect, address)
        }
    }

    /// The answer to a request that was not admitted. If the head proves the sender, the answer has routing headers from the addressed
    /// party to the sender (OCPI 2.2.1, 4.1.5).
    func refusal(_ error: OCPIError, _ head: RequestHead, _ route: ModuleRoute) -> Response {
        guard let (platform, from) = requestAdmission.sender(head, in: dependencies.directory()) else {
            return .refusal(error, version: route.version, ResponseAddress(head))
        }
        var address = ResponseAddress(head)
        address.to = from
        address.from = RequestAdmission.addressee(head) ?? settings.hub
        return .refusal(error, version: ModuleRouting.dialect(route, platform), address)
    }

    /// The path of a custom module contains no version.
    private static func dialect(_ route: ModuleRoute, _ platform: Platform) -> OCPIVersion {
        route.isCustom ? platform.version ?? route.version : route.version
    }

    // MARK: Destination

    /// The URL behind a page link, a CDR location or a `response_url`, and its owner.
    private func capability(
        _ method: Method, _ route: ModuleRoute, _ admission: RequestAdmission.Admission, _ directory: Directory
    ) async throws(OCPIError) -> (owner: PartyID, url: String)? {
        guard let use = ModuleTable.capability(method, route) else { return nil }
        let (token, kind): (String, Capability.Kind) =
            switch use {
            case .page(let token): (token, .page)
            case .object(let token): (token, .object)
            case .callback(let token): (token, .callback)
            }
        // All failures get the same answer, so that an unauthenticated caller learns nothing about which URLs exist. A URL of a party
        // connected here is called with its token, so it must belong to that party.
        guard let capability = await dependencies.resolve(token, .now), capability.kind == kind, capability.user == admission.from,
            admission.receiver == .open || admission.receiver == .party(capability.owner), let url = capability.url(in: directory),
            directory.platform(of: capability.owner) == nil || directory.defect(of: url, handedOutBy: capability.owner) == nil
        else {
            throw OCPIError(code: .unknownLocation, message: "This URL is unknown, expired or not yours", kind: .notFound)
        }
        return (capability.owner, url)
    }

    /// Never ``RequestAdmission/Receiver/open``.
    private func receiver(of call: Call, _ capability: (owner: PartyID, url: String)?) throws(OCPIError) -> RequestAdmission.Receiver {
        guard call.admission.receiver == .open else { return call.admission.receiver }
        let to: PartyID
        if let capability {
            to = capability.owner
        } else {
            let routing = OpenRouting(
                method: call.head.method, route: call.route, query: call.head.query, from: call.admission.from, body: call.body,
                directory: call.directory, seen: dependencies.partyOf)
            guard case .party(let found) = try routing.decide() else { return .everybody }
            to = found
        }
        try requestAdmission.checkReachable(to, in: call.directory)
        try RequestAdmission.checkWilling(to, from: call.admission.from, call.route.module, in: call.directory)
        return .party(to)
    }

    private func check(_ body: ByteBuffer?, _ query: String?, _ route: ModuleRoute) throws(OCPIError) {
        try DecisiveMembers.check(query: query, route)
        guard let body, !route.isCustom else { return }
        guard body.isValidJSON() else {
            throw OCPIError(code: .invalidParameters, message: "The body is not valid JSON", kind: .unparsable)
        }
        try DecisiveMembers.check(body, route)
    }

    // MARK: Between two parties

    /// A request to which a store-and-forward rule applies is answered by the hub once it is stored; MATCHER passes it on.
    private func forward(
        _ call: Call, to: PartyID, _ capability: (owner: PartyID, url: String)?, _ address: ResponseAddress
    ) async throws(OCPIError) -> Response {
        var record = record(call, to: to, target: capability?.url)
        record.originalReceiver = call.head.to.flatMap { $0 == to ? nil : $0 }
        dependencies.rememberAll(SeenObjects.names(in: record, hub: settings.hub, call.directory, isOwn: call.isOwn))
        if StoreAndForwardPolicy.applies(to: record, in: call.directory, isOwn: call.isOwn) {
            record.isStored = true
            try await producer.record(record, timeout: settings.timeout(for: call.route.module))
            return .envelope(Envelope.success(), address)
        }
        let reply = try await producer.exchange(record, timeout: settings.timeout(for: call.route.module))
        return .reply(reply, version: call.dialect, address)
    }

    private func record(_ call: Call, to: PartyID, target: String?) -> RequestRecord {
        let (head, route, admission) = (call.head, call.route, call.admission)
        var isCallback = false
        if case .callback = ModuleTable.capability(head.method, route) { isCallback = true }
        return RequestRecord(
            id: UUIDText.v7(), time: dependencies.now(), module: route.module, interface: route.interface, method: head.method,
            version: call.dialect,
            from: admission.from, to: to, path: route.remainder, query: head.query, requestID: admission.ids.requestID,
            correlationID: admission.ids.correlationID, signature: head.signature, origin: .local, stateVersion: call.directory.version,
            target: target, trace: head.trace, contentType: call.body == nil ? nil : head.contentType,
            contentEncoding: call.body == nil ? nil : head.contentEncoding, body: call.body,
            key: OrderingKey.key(
                module: route.module, interface: route.interface, method: head.method, remainder: route.remainder,
                sender: admission.from, requestID: admission.ids.requestID, body: call.body ?? ByteBuffer(), isCallback: isCallback))
    }

    // MARK: Through the hub

    /// The hub answers a broadcast once it is stored; MATCHER passes it on (OCPI 2.2.1, 4.1.5 Broadcast Push).
    private func broadcast(_ call: Call, _ address: ResponseAddress) async throws(OCPIError) -> Response {
        let record = record(call, to: settings.hub, target: nil)
        dependencies.rememberAll(SeenObjects.names(in: record, hub: settings.hub, call.directory, isOwn: call.isOwn))
        try await producer.record(record, timeout: settings.timeout(for: call.route.module))
        return .envelope(Envelope.success(), address)
    }

    private func list(_ call: Call, _ address: ResponseAddress) async throws(OCPIError) -> Response {
        let query = try ListQuery(call.head.query)
        guard call.route.module != .sessions || query.has("date_from") else {
            throw OCPIError(code: .invalidParameters, message: "date_from is required for sessions")
        }
        let from = call.admission.from
        let parties = ListOfAll.parties(for: from, call.route.module, in: call.directory)
        // The timeout is that of one request, however many parties are asked.
        let end = ContinuousClock.now + settings.timeout(for: call.route.module)
        let list = ListOfAll(
            maxLimit: settings.listLimit, bodyLimit: RecordLimits.answerBody, allowsPartial: settings.partialLists
        ) { party, query throws(OCPIError) in
            try RequestAdmission.checkWilling(party, from: from, call.route.module, in: call.directory)
            var record = record(call, to: party, target: nil)
            record.query = query
            record.signature = nil
            record.origin = .hub
            let left = end - .now
            guard left > .zero else { throw OCPIError.noAnswer(party) }
            return try ListPart(try await producer.exchange(record, timeout: left))
        }
        // The request is written like any other, so that services see it; no party is called because of it.
        try await producer.record(record(call, to: settings.hub, target: nil), timeout: settings.timeout(for: call.route.module))
        let page = try await list.page(query, of: parties)
        var response = Response.envelope(page.body, address)
        response.headers.set(OCPIHeader.totalCount, String(page.total))
        response.headers.set(OCPIHeader.limit, String(page.limit))
        if let next = page.next {
            let url = settings.publicURL + call.route.endpointPath + "?" + PercentText.inBrackets(next)
            response.headers.set(OCPIHeader.link, "<\(url)>; rel=\"next\"")
        }
        return response
    }

    private func logGenerated(_ ids: MessageIDFactory, _ route: ModuleRoute) {
        guard !ids.generated.isEmpty else { return }
        metrics.generatedIDs.increment()
        logger.info(
            "message ids were generated for a request without them",
            metadata: ["module": "\(route.module)", "missing": "\(ids.generated.joined(separator: " "))", "request": "\(ids.requestID)"])
    }
}

extension RequestAdmission.Receiver {
    /// The single receiver; nil for the hub and for open routing.
    fileprivate var party: PartyID? { if case .party(let party) = self { party } else { nil } }
}

extension HTTPFields {
    fileprivate mutating func set(_ name: String, _ value: String) {
        if let name = HTTPField.Name(name) { self[name] = value }
    }
}
