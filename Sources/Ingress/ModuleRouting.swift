import CoreMetrics
import Directory
import Hummingbird
import Logging
import NIOCore
import OCPI
import Topics
import Wire

/// The data path: a request of a connected party to a module of another party.
struct ModuleRouting: Sendable {
    let settings: IngressSettings
    let gate: Gate
    let neighbours: Neighbours
    let freshness: Freshness
    let intake: BodyIntake
    let producer: RequestProducer
    let metrics: IngressMetrics
    let logger: Logger

    func respond(_ request: Request, _ head: RequestHead, _ route: ModuleRoute, _ context: IngressContext) async throws -> Response {
        let (admission, directory) = try await freshness.ask(isWorthwhile: head.authorization != nil) { directory throws(OCPIError) in
            try gate.admit(head, route, in: directory)
        }
        tell(admission.ids, route)
        let address = ResponseAddress(admission.ids, to: admission.from, from: admission.to)
        do {
            let use = ModuleTable.capability(head.method, route)
            let target = try await target(of: use, admission, directory)
            return try await intake.withBody(of: request, head, context) { body in
                try check(body, route)
                let record = record(head, route, admission, directory, use, target: target, body: body)
                let reply = try await producer.exchange(record, timeout: settings.timeout(for: route.module))
                return .reply(reply, version: route.version, address)
            }
        } catch let error as OCPIError {
            return .refusal(error, version: route.version, address)
        }
    }

    /// The URL behind a page link, a CDR location or a `response_url`.
    private func target(
        of use: CapabilityUse?, _ admission: Gate.Admission, _ directory: Directory
    ) async throws(OCPIError) -> String? {
        guard let use else { return nil }
        let (token, kind): (String, Capability.Kind) =
            switch use {
            case .page(let token): (token, .page)
            case .object(let token): (token, .object)
            case .callback(let token): (token, .callback)
            }
        // One answer for everything, so that a stranger learns nothing about what exists.
        // And for a party that is connected here, only what is its own is called with its token.
        guard let capability = await neighbours.resolve(token, .now), capability.kind == kind, capability.user == admission.from,
            capability.owner == admission.to, let url = capability.url(in: directory),
            directory.platform(of: capability.owner) == nil || directory.owns(capability.owner, url: url)
        else {
            throw OCPIError(code: .unknownLocation, message: "This URL is unknown, expired or not yours", kind: .notFound)
        }
        return url
    }

    private func check(_ body: ByteBuffer?, _ route: ModuleRoute) throws(OCPIError) {
        guard let body, !route.isCustom, !body.isValidJSON() else { return }
        throw OCPIError(code: .invalidParameters, message: "The body is not valid JSON", kind: .unparsable)
    }

    private func record(
        _ head: RequestHead, _ route: ModuleRoute, _ admission: Gate.Admission, _ directory: Directory, _ use: CapabilityUse?,
        target: String?, body: ByteBuffer?
    ) -> RequestRecord {
        var isCallback = false
        if case .callback = use { isCallback = true }
        return RequestRecord(
            id: UUIDText.v7(), time: .now, module: route.module, interface: route.interface, method: head.method, version: route.version,
            from: admission.from, to: admission.to, path: route.remainder, query: head.query, requestID: admission.ids.requestID,
            correlationID: admission.ids.correlationID, signature: head.signature, origin: .local, stateVersion: directory.version,
            target: target, trace: head.trace, contentType: body == nil ? nil : head.contentType, body: body,
            key: OrderingKey.key(
                module: route.module, interface: route.interface, method: head.method, remainder: route.remainder,
                sender: admission.from, requestID: admission.ids.requestID, body: body ?? ByteBuffer(), isCallback: isCallback))
    }

    private func tell(_ ids: MessageIDs, _ route: ModuleRoute) {
        guard !ids.generated.isEmpty else { return }
        metrics.generatedIDs.increment()
        logger.info(
            "a request without message ids got some",
            metadata: ["module": "\(route.module)", "missing": "\(ids.generated.joined(separator: " "))", "request": "\(ids.requestID)"])
    }
}
