import Directory
import Encoding
import Hummingbird
import Logging
import NIOCore
import Notary
import OCPI
import Topics

/// `POST /ocn/message`: a request that another node forwards from one of its parties to one of this node's (dialect `ocn-1`).
struct MessageEndpoint: Sendable {
    let settings: IngressSettings
    let requestAdmission: RequestAdmission
    let dependencies: IngressDependencies
    let staleReadRetry: StaleReadRetry
    let bodyReader: BodyReader
    let producer: RequestProducer
    let signatures: RequestSignatures
    let logger: Logger
    private let canonicalForms = CanonicalForms()

    /// - Parameter version: the OCPI version of the caller, used for errors of this node.
    func respond(
        _ request: Request, _ head: RequestHead, _ version: OCPIVersion, _ context: IngressContext
    ) async throws -> Response {
        do {
            return try await forward(request, head, version, context)
        } catch let error as OCPIError {
            // No record has been written.
            return .refusal(error, version: version, ResponseAddress(head)).adding(error.notDone)
        }
    }

    private func forward(
        _ request: Request, _ head: RequestHead, _ version: OCPIVersion, _ context: IngressContext
    ) async throws -> Response {
        guard head.method == .post else { throw OCPIError.notAvailable(head.method, but: [.post]) }
        guard head.requestID != nil else { throw OCPIError(code: .invalidParameters, message: "X-Request-ID header is missing") }
        guard let signature = head.signature else {
            throw OCPIError(code: .invalidParameters, message: "OCN-Signature header is missing")
        }
        guard NodeSignature.isWellFormed(signature) else { throw MessageEndpoint.unsigned }
        let longest = MessageEndpoint.longestMessage(around: bodyReader.limit)
        let client = bodyReader.client(of: request, context)
        return try await bodyReader.withBody(of: request, head, context, upTo: longest) { (body) -> (OCNMessage, NetworkNode, Directory) in
            guard let body else {
                throw OCPIError(code: .invalidParameters, message: "The message is missing", kind: .unparsable)
            }
            // Only the sender is parsed before the signature is verified, so that an unauthenticated caller cannot make the node build
            // trees.
            let sender = try OCNMessage.sender(in: body)
            let (signer, _) = try await staleReadRetry.ask { directory throws(OCPIError) in
                try MessageEndpoint.node(of: sender, in: directory)
            }
            // The signed bytes are used from here on: the idempotency cache would not recognise another serialisation of the same message.
            let signed = try await signed(body, signature, by: signer, from: client)
            let message = try OCNMessage.decode(signed)
            let (node, directory) = try await staleReadRetry.ask { directory throws(OCPIError) in
                try sendingNode(of: message, in: directory)
            }
            // The registry may have changed in between.
            guard node.operatorAddress == signer.operatorAddress else { throw MessageEndpoint.unsigned }
            guard message.body?.readableBytes ?? 0 <= bodyReader.limit else { throw bodyReader.tooLarge(bodyReader.limit) }
            return (message, node, directory)
        } name: {
            $0.1.operatorAddress
        } _: { message, node, directory in
            let copy = CopyClaim(message, head, in: directory)
            try RequestAdmission.checkWilling(message.receiver, from: message.sender, message.module, isCopy: copy.id != nil, in: directory)
            try signatures.check(SignedRequest(message), in: directory)
            if !copy.isResult { try MessageEndpoint.checkResource(of: message) }
            if let body = message.body { try DecisiveMembers.check(body, MessageEndpoint.route(of: message)) }
            let target = try await target(of: message, in: directory)
            var record = record(message, version, from: node, directory, target: target, trace: head.trace)
            try DecisiveMembers.check(query: record.query, record.route)
            // The sender's node is authenticated for the sender only, not for its other parties.
            let isOwn = { (party: PartyID) in party == message.sender }
            record.copyID = copy.id
            if record.copyID == nil { dependencies.rememberAll(SeenObjects.names(in: record, hub: settings.hub, directory, isOwn: isOwn)) }
            // The sender's node keeps a copy until the service has answered, so it needs the service's answer. The header that marks a copy
            // is not signed, so the agreement decides.
            if message.proxyUID == nil, !directory.hasAgreement(user: message.sender, provider: message.receiver),
                StoreAndForwardPolicy.applies(to: record, in: directory, isOwn: isOwn)
            {
                record.isStored = true
            } else {
                // The caller's timeout starts here.
                try await storeLink(of: message, record.path)
            }
            return await send(record, head)
        }
    }

    /// Writes the record and returns the answer.
    private func send(_ record: RequestRecord, _ head: RequestHead) async -> Response {
        let timeout = settings.timeout(for: record.module)
        do {
            if record.isStored {
                try await producer.record(record, timeout: timeout)
                return .envelope(Envelope.success(), ResponseAddress())
            }
            let reply = try await producer.exchange(record, timeout: timeout)
            let response = Response.reply(reply, version: record.version, ResponseAddress())
            return reply.outcome == .answered ? response : response.adding(reply.notDone)
        } catch {
            // Otherwise the outcome is unknown.
            let isLost = error == .notAccepted || error == .notSentInTime(record.to)
            return Response.refusal(error, version: record.version, ResponseAddress(head)).adding(isLost ? .refused : nil)
        }
    }

    /// The path of the endpoint.
    static let path = "/ocn/message"

    /// Maximum bytes of a message with a body of that length: twice the body, for escaping in JSON, and 64 KiB for the rest. A body that
    /// one node accepts can thus be forwarded to the next.
    static func longestMessage(around body: Int) -> Int { 2 * body + 64 * 1024 }

    // MARK: Checks

    private static func node(of sender: PartyID, in directory: Directory) throws(OCPIError) -> NetworkNode {
        guard let node = directory.node(of: sender) else {
            throw OCPIError(code: .unknownReceiver, message: "\(sender) is not on the network")
        }
        return node
    }

    /// The node that may send for the sending party. The receiving party must be connected here: a message is forwarded once only.
    private func sendingNode(of message: OCNMessage, in directory: Directory) throws(OCPIError) -> NetworkNode {
        guard message.isCustom || message.module.isFunctional else {
            throw OCPIError(code: .invalidParameters, message: "Module \(message.module) is not forwarded between nodes")
        }
        let node = try MessageEndpoint.node(of: message.sender, in: directory)
        try requestAdmission.checkReachable(message.receiver, in: directory)
        guard directory.platform(of: message.receiver) != nil else {
            throw OCPIError(code: .unknownReceiver, message: "\(message.receiver) is connected to another node", notDone: .hindered)
        }
        return node
    }

    /// The bytes that the node has signed: as received, or their canonical form, because the reference nodes sign a re-serialisation. A
    /// node that the registry marks as `verbatim` signs what it sends.
    private func signed(
        _ body: ByteBuffer, _ signature: String, by node: NetworkNode, from client: String
    ) async throws(OCPIError) -> ByteBuffer {
        guard let address = EthereumAddress(hex: node.operatorAddress) else {
            throw OCPIError(code: .connectionProblem, message: "The registry has no usable address for the sender's node")
        }
        if NodeSignature.signer(of: body, signature: signature) == address { return body }
        guard !node.isVerbatim, let form = try await canonicalForms.form(of: body, signedBy: address, signature, from: client) else {
            throw MessageEndpoint.unsigned
        }
        return form
    }

    private static let unsigned = OCPIError(code: .connectionProblem, message: "The message is not signed by the sender's node")

    /// A node may request only the resources that a party may request.
    static func checkResource(of message: OCNMessage) throws(OCPIError) {
        if message.proxyResource != nil, message.proxyUID == nil {
            let methods = ModuleTable.allMethods.filter { ModuleTable.hasCapability($0, message.module, message.interface) }
            guard methods.contains(message.method) else {
                throw OCPIError(
                    code: .invalidParameters,
                    message: "\(message.method) of \(message.module) has no proxy_resource", kind: .methodNotAllowed(methods))
            }
        } else {
            try RequestAdmission.checkResource(message.method, route(of: message))
        }
    }

    private static func route(of message: OCNMessage) -> ModuleRoute {
        ModuleRoute(
            version: .v2_2, module: message.module, interface: message.interface,
            remainder: URLText.path(message.urlPath ?? ""), isCustom: message.isCustom)
    }

    /// The URL to call instead of the receiver's endpoint.
    ///
    /// Another node must not make this one call any URL with the receiver's token. Allowed are URLs below the endpoint of the requested
    /// module, and URLs that this node has handed out to the sender. URLs of versions, credentials or client infos are never allowed.
    private func target(of message: OCNMessage, in directory: Directory) async throws(OCPIError) -> String? {
        guard let url = message.proxyResource else { return nil }
        if let defect = URLJoin.defect(of: url) {
            throw OCPIError(code: .invalidParameters, message: "proxy_resource \(defect)")
        }
        guard message.proxyUID == nil else { return nil }
        guard directory.defect(of: url, handedOutBy: message.receiver) == nil else { throw MessageEndpoint.foreign(message) }
        if directory.lies(url, below: message.module, message.interface, of: message.receiver) { return url }
        guard await isHandedOut(url, message) else { throw MessageEndpoint.foreign(message) }
        return url
    }

    private func isHandedOut(_ url: String, _ message: OCNMessage) async -> Bool {
        // A write is a result, a read of a SENDER interface a page, any other read an object.
        let kind: Capability.Kind = !message.method.isRead ? .callback : message.interface == .sender ? .page : .object
        let asked = Capability(
            kind: kind, owner: message.receiver, user: message.sender, target: .url(url), expires: Timestamp(milliseconds: 0))
        guard var known = await dependencies.resolve(asked.handedOutID, .now) else { return false }
        // The expiry need not match; everything else stored under this id must.
        known.expires = asked.expires
        return known == asked
    }

    private static func foreign(_ message: OCNMessage) -> OCPIError {
        OCPIError(code: .invalidParameters, message: "proxy_resource is no URL of \(message.receiver) that this node has given out")
    }

    // MARK: Link

    /// Stores the link that the sender's node put as `proxy_uid` into the `response_url` of the request, before the receiver can call it.
    private func storeLink(of message: OCNMessage, _ path: String) async throws(OCPIError) {
        guard let id = message.proxyUID, let url = message.proxyResource else { return }
        guard MessageEndpoint.isLinkID(id) else {
            throw OCPIError(code: .invalidParameters, message: "proxy_uid must be 1 to 64 letters, digits, '-', '_', '.' or '~'")
        }
        let link = Capability(
            kind: .callback, owner: message.sender, user: message.receiver, target: .url(url),
            expires: Capability.callbackExpiry(
                message.module, path: path, body: message.body, lifetime: settings.linkTTL.milliseconds))
        do throws(LinkError) {
            try await dependencies.publish(link, id)
        } catch {
            if dependencies.isKafkaUnavailable() { throw .kafkaUnavailable }
            if case .kafka = error { logger.error("ocn.links did not take a link", metadata: ["error": "\(error)"]) }
            throw error.refusal(of: "response_url")
        }
    }

    private static func isLinkID(_ text: String) -> Bool {
        1...64 ~= text.utf8.count && text.utf8.allSatisfy(URLText.isUnreserved) && !text.hasPrefix(Capability.handedOutPrefix)
    }

    // MARK: Record

    private func record(
        _ message: OCNMessage, _ version: OCPIVersion, from node: NetworkNode, _ directory: Directory, target: String?, trace: TraceContext
    ) -> RequestRecord {
        let path = URLText.path(message.urlPath ?? "", isVerbatim: node.isVerbatim)
        let text = node.isVerbatim ? message.queryText.flatMap { URLText.query($0, saying: message.query) } : nil
        // A call to a stored URL is a page, a CDR or a result. Only a result is a write.
        let isCallback = target != nil && !message.method.isRead
        let body = message.body.flatMap { $0.readableBytes > 0 ? $0 : nil }
        return RequestRecord(
            id: UUIDText.v7(), time: dependencies.now(), module: message.module, interface: message.interface, method: message.method,
            version: version, from: message.sender, to: message.receiver, path: path,
            query: text ?? message.query.flatMap { URLText.query($0) },
            requestID: message.requestID, correlationID: message.correlationID, signature: message.signature, origin: .node(node.url),
            stateVersion: directory.version, target: target, trace: trace,
            contentType: body == nil ? nil : message.contentType ?? "application/json",
            contentEncoding: body == nil ? nil : message.contentEncoding, body: body,
            key: OrderingKey.key(
                module: message.module, interface: message.interface, method: message.method, remainder: path, sender: message.sender,
                requestID: message.requestID, body: body ?? ByteBuffer(), isCallback: isCallback))
    }
}
