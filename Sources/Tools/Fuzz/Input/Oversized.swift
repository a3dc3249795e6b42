import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Topics

/// One input of each kind that exceeds every limit, with its required outcome. Every run begins with these.
package struct Oversized: Sendable {
    /// The required outcome of a record.
    package enum RecordOutcome: String, Sendable, Equatable {
        /// It is refused: its reply has any outcome except an answer.
        case refused
        /// It becomes a dead letter.
        case dead
        /// Any outcome, as long as the node keeps working: the oversized part is never sent by the node.
        case anything
    }

    private let material: Material

    /// - Parameter material: the data for the inputs.
    package init(_ material: Material) { self.material = material }

    /// Approximately this number of bytes of a repeated text.
    static func text(_ count: Int, of text: String) -> String { String(repeating: text, count: count / max(1, text.utf8.count)) }

    // MARK: Requests

    /// For the public port.
    package var requests: [RequestCase] {
        let tokens = "/ocpi/receiver/2.2.1/tokens/\(material.sender.country)/\(material.sender.party)"
        let body = Array(#"{"uid":"U1","type":"RFID"}"#.utf8)
        let many = (0..<5000).map { ("X-\($0)", "1") }
        let urls: JSONValue = ["response_url": .string("\(material.receiverURL)/\(Self.text(70_000, of: "x"))"), "session_id": "S1"]
        let credentials: JSONValue = [
            "token": "x", "url": .string("\(material.receiverURL)/\(Self.text(70_000, of: "x"))"),
            "roles": [["role": "CPO", "party_id": "FZN", "country_code": "NL", "business_details": ["name": "x"]]],
        ]
        let manyRoles: JSONValue = .object([
            "token": "x", "url": .string("\(material.receiverURL)/ocpi/versions"),
            "roles": .array(
                (0..<2000).map { ["role": "CPO", "party_id": .string(String(String($0 + 1000).suffix(3))), "country_code": "NL"] }),
        ])
        return [
            request("path of 30,000 bytes", "PUT", "\(tokens)/\(Self.text(30_000, of: "|"))", body: body),
            request("path of 70 KB", "PUT", "\(tokens)/\(Self.text(70_000, of: "x"))", body: body),
            request("query of 30,000 bytes", "GET", "/ocpi/sender/2.2.1/locations?x=\(Self.text(30_000, of: "|"))"),
            request("signature of 100 KB", "PUT", "\(tokens)/1", [(OCPIHeader.signature, Self.text(100_000, of: "x"))], body: body),
            request("signature of 9 KB", "PUT", "\(tokens)/1", [(OCPIHeader.signature, Self.text(9000, of: "x"))], body: body),
            request(
                "correlation id of 100 KB", "PUT", "\(tokens)/1", [(OCPIHeader.correlationID, Self.text(100_000, of: "x"))], body: body),
            request(
                "Content-Encoding of 100 KB", "PUT", "\(tokens)/1", [(OCPIHeader.contentEncoding, Self.text(100_000, of: "x"))], body: body),
            request(
                "tracestate of 100 KB without traceparent", "PUT", "\(tokens)/1", [("tracestate", Self.text(100_000, of: "a=x,"))],
                body: body),
            request("5,000 headers", "PUT", "\(tokens)/1", many, body: body),
            request("response_url of 70 KB", "POST", "/ocpi/receiver/2.2.1/commands/STOP_SESSION", body: Array(urls.text.utf8)),
            request(
                "versions URL of 70 KB", "POST", "/ocpi/2.2.1/credentials", authorization: material.invitation,
                body: Array(credentials.text.utf8)),
            request("2,000 roles", "POST", "/ocpi/2.2.1/credentials", authorization: material.invitation, body: Array(manyRoles.text.utf8)),
            request("body of 6 MB", "PUT", "\(tokens)/1", body: Array(repeating: UInt8(ascii: " "), count: 6 * 1024 * 1024)),
            request("20,000 levels", "POST", "/ocpi/receiver/2.2.1/commands/STOP_SESSION", body: OddJSON.deep(20_000, true)),
        ]
    }

    /// From another node, correctly signed.
    package var messages: [RequestCase] {
        [
            message("url_path of 70 KB") { $0.urlPath = "/" + Self.text(70_000, of: "x") },
            message("url_path that grows when it is encoded") { $0.urlPath = "/" + Self.text(7000, of: "é") },
            message("query_params of 70 KB") { $0.query = ["x": .string(Self.text(70_000, of: "x"))] },
            message("signature of 100 KB") { $0.signature = Self.text(100_000, of: "x") },
            message("proxy_resource of 70 KB") { $0.proxyResource = "\(material.receiverURL)/\(Self.text(70_000, of: "x"))" },
            message("proxy_uid of 70 KB") {
                $0.proxyUID = Self.text(70_000, of: "x")
                $0.proxyResource = "http://127.0.0.1:1/"
            },
            message("X-Correlation-ID of 100 KB") { $0.correlationID = Self.text(100_000, of: "x") },
        ]
    }

    private func request(
        _ kind: String, _ method: String, _ target: String, _ more: [(String, String)] = [], authorization: String? = nil,
        body: [UInt8] = []
    ) -> RequestCase {
        let headers: [(name: String, value: String)] = [
            ("Host", material.host), (OCPIHeader.authorization, authorization ?? material.authorization),
            (OCPIHeader.requestID, "oversized"),
            (OCPIHeader.fromCountry, material.sender.country), (OCPIHeader.fromParty, material.sender.party),
            (OCPIHeader.toCountry, material.receiver.country), (OCPIHeader.toParty, material.receiver.party),
            ("Content-Type", "application/json"),
        ]
        let correlation = more.contains { $0.0 == OCPIHeader.correlationID } ? [] : [(name: OCPIHeader.correlationID, value: "oversized")]
        let text = RequestText(
            method: method, target: target, headers: headers + correlation + more.map { (name: $0.0, value: $0.1) }, body: body,
            framing: body.isEmpty ? .none : .length)
        return RequestCase("oversized: \(kind)", [text.bytes], due: .refusal)
    }

    private func message(_ kind: String, _ change: (inout OCNMessage) -> Void) -> RequestCase {
        var message = OCNMessage(
            module: .tokens, interface: .receiver, method: .put, requestID: "oversized", correlationID: "oversized",
            sender: material.remote,
            receiver: material.receiver, urlPath: "/FR/REM/1", body: ByteBuffer(string: #"{"uid":"U1"}"#))
        change(&message)
        // Encoding cannot fail, because the message contains only JSON.
        let body = (try? message.encoded()).map { Array($0.readableBytesView) } ?? []
        let headers: [(name: String, value: String)] = [
            ("Host", material.host), (OCPIHeader.requestID, "oversized"),
            (OCPIHeader.signature, NodeSignature.sign(body, with: material.remoteKey)),
        ]
        return RequestCase(
            "oversized: message with \(kind)", [RequestText(method: "POST", target: "/ocn/message", headers: headers, body: body).bytes],
            due: .refusal)
    }

    // MARK: Records

    /// For the topics, each with its id.
    package var records: [(record: RecordCase, id: String, outcome: RecordOutcome)] {
        var found: [(record: RecordCase, id: String, outcome: RecordOutcome)] = []
        for (name, leaves, change) in Self.changes {
            let id = "oversized-\(found.count)"
            var asked = valid(id)
            change(&asked)
            asked.deadline = Timestamp.now.adding(milliseconds: 30_000)
            asked.reply = ReplyAddress(partition: 0, epoch: 1)
            let record = RecordCase("oversized: request with \(name)", asked.outgoing(to: material.topics))
            found.append((record, id, leaves ? .refused : .anything))
        }
        for (name, leaves, change) in Self.changes {
            let id = "oversized-\(found.count)"
            var copied = CopyRecord(of: valid(id), id: id, for: material.service, permission: Self.copying)
            change(&copied.request)
            let record = RecordCase("oversized: copy with \(name)", forged(copied.outgoing(to: material.topics), as: copied.request))
            found.append((record, id, leaves ? .dead : .anything))
        }
        for (name, _, change) in Self.changes {
            let id = "oversized-\(found.count)"
            var announced = valid(id)
            change(&announced)
            for node in [nil, material.remoteKey.address.hex] {
                let record = forged(AnnouncementRecord(request: announced, node: node).outgoing(to: material.topics), as: announced)
                found.append((RecordCase("oversized: announcement with \(name)", record), id, .anything))
            }
        }
        return found
    }

    /// A platform's endpoints of 70 KB each, which a node would not store.
    package func endpoints(of platform: String) -> RecordCase {
        let modules: [(ModuleID, InterfaceRole)] = [
            (.hubclientinfo, .receiver), (.tokens, .receiver), (.sessions, .receiver), (.cdrs, .receiver), (.credentials, .sender),
        ]
        let json: JSONValue = [
            "platform": .string(platform),
            "endpoints": .array(
                modules.map { module, interface in
                    [
                        "identifier": .string(module.rawValue), "role": .string(interface.rawValue),
                        "url": .string("\(material.receiverURL)/\(Self.text(70_000, of: "|"))"),
                    ]
                }),
        ]
        return RecordCase(
            "oversized: endpoints of 70 KB",
            OutgoingRecord(topic: material.topics.state, partition: 0, key: "endpoints/\(platform)", value: json.encoded()))
    }

    private static let copying = Permission.allCases.first { $0.matches(module: .sessions, interface: .receiver) } ?? Permission.allCases[0]

    /// The record with headers that no process writes, but that anyone with write access to its topic could.
    private func forged(_ record: OutgoingRecord, as request: RequestRecord) -> OutgoingRecord {
        var record = record
        record.headers.append("content-encoding", request.contentEncoding)
        record.headers.append("ce_ocntarget", request.target)
        return record
    }

    /// `leaves`: whether the changed part would be sent in a request of the node.
    private static let changes: [(name: String, leaves: Bool, change: @Sendable (inout RequestRecord) -> Void)] = [
        ("a path of 30,000 bytes", true, { $0.path = text(30_000, of: "|") }),
        ("a query of 70 KB", true, { $0.query = text(70_000, of: "é") }),
        ("a signature of 100 KB", true, { $0.signature = text(100_000, of: "x") }),
        ("a correlation id of 100 KB", true, { $0.correlationID = text(100_000, of: "x") }),
        ("a request id of 100 KB", false, { $0.requestID = text(100_000, of: "x") }),
        ("a Content-Type of 100 KB", true, { $0.contentType = text(100_000, of: "x") }),
        ("a Content-Encoding of 100 KB", true, { $0.contentEncoding = text(100_000, of: "x") }),
        ("a target of 70 KB", true, { $0.target = "http://127.0.0.1:1/" + text(70_000, of: "x") }),
        ("a tracestate of 100 KB without traceparent", false, { $0.trace.tracestate = text(100_000, of: "x") }),
        (
            "a tracestate of 100 KB", true,
            {
                $0.trace = TraceContext(
                    traceparent: "00-" + text(32, of: "a") + "-" + text(16, of: "b") + "-01", tracestate: text(100_000, of: "x"))
            }
        ),
    ]

    private func valid(_ id: String) -> RequestRecord {
        RequestRecord(
            id: id, time: .now, module: .sessions, interface: .receiver, method: .put, version: .v2_2_1, from: material.sender,
            to: material.receiver,
            path: "\(material.sender.country)/\(material.sender.party)/1", requestID: "oversized", correlationID: "oversized",
            stateVersion: 0,
            contentType: "application/json", body: SampleObjects(material: material).body(.sessions).encoded(), key: "oversized")
    }
}
