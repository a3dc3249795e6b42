import Encoding
import NIOCore
import Notary
import OCPI
import Testbed

/// Messages of another node: unsigned, wrongly signed, and correctly signed with any content.
struct NodeCases {
    let material: Material

    func make(_ numbers: inout SeededNumbers) -> RequestCase {
        let isMessage = numbers.chance(85)
        let base = isMessage ? message(&numbers) : clientInfo
        let body = OddJSON.text(numbers.chance(85) ? OddJSON.mutate(base, &numbers) : base, &numbers)
        let (kind, signature) = signature(of: body, &numbers)
        var headers: [(name: String, value: String)] = [
            ("Host", material.host), (OCPIHeader.requestID, "hop-\(numbers.next())"), ("Content-Type", "application/json"),
        ]
        if let signature { headers.append((OCPIHeader.signature, signature)) }
        if numbers.chance(5) { headers.append((OCPIHeader.callerVersion, numbers.pick(["2.2", "2.2.1", OddText.headerValue(&numbers)]))) }
        if numbers.chance(3) { headers.remove(at: 1) }
        let method = numbers.chance(95) ? (isMessage ? "POST" : "PUT") : numbers.pick(["GET", "PUT", "POST", "DELETE", "PATCH"])
        let request = RequestText(
            method: method, target: isMessage ? "/ocn/message" : "/ocn/client-info", headers: headers, body: body,
            framing: numbers.chance(80) ? .length : .chunked)
        var made = RequestCase("node: \(isMessage ? "message" : "client info"), \(kind)", [request.bytes], due: .one)
        if numbers.chance(3) { made.ending = .leave }
        return made
    }

    /// A message that would be delivered.
    private func message(_ numbers: inout SeededNumbers) -> JSONValue {
        let module = numbers.pick([ModuleID.cdrs, .sessions, .locations, .tariffs, .tokens, .commands, .chargingprofiles])
        let method = numbers.pick([Method.get, .put, .post, .patch, .delete])
        let isCustom = numbers.chance(8)
        let message = OCNMessage(
            module: isCustom ? ModuleID(rawValue: "fuzz") : module, isCustom: isCustom, interface: numbers.pick([.sender, .receiver]),
            method: method, signature: numbers.chance(15) ? OddText.make(&numbers) : nil, requestID: "m-\(numbers.next())",
            correlationID: "c",
            sender: material.remote, receiver: material.receiver,
            urlPath: numbers.pick([nil, "", "/", "/FR/REM/1", "/FR/REM/T 1", "START_SESSION", OddText.make(&numbers)]),
            query: numbers.pick([nil, ["limit": 5, "offset": "0"], OddJSON.value(&numbers)]),
            proxyUID: numbers.chance(15) ? numbers.pick(["uid-1", OddText.make(&numbers)]) : nil,
            proxyResource: numbers.chance(20)
                ? numbers.pick(["\(material.receiverURL)/ocpi/2.2.1/\(module)/1", "http://a/", OddText.make(&numbers)]) : nil,
            body: method == .get ? nil : SampleObjects(material: material).body(module).encoded())
        // A body that cannot be part of a message, such as one that is no JSON, is not generated here.
        guard let bytes = try? message.encoded(), let json = try? JSONValue.parse(bytes) else { return .object([:]) }
        return json
    }

    private var clientInfo: JSONValue {
        [
            "party_id": .string(material.remote.party), "country_code": .string(material.remote.country), "role": "EMSP",
            "status": "CONNECTED",
            "last_updated": "2026-01-01T00:00:00Z",
        ]
    }

    private func signature(of body: [UInt8], _ numbers: inout SeededNumbers) -> (kind: String, text: String?) {
        let good = NodeSignature.sign(body, with: material.remoteKey)
        switch numbers.below(20) {
        case 0: return ("unsigned", nil)
        case 1: return ("signed with nonsense", OddText.headerValue(&numbers))
        case 2: return ("signed by nobody", Hex.encode(numbers.bytes(65)))
        case 3: return ("signed for another body", NodeSignature.sign(body + [0x20], with: material.remoteKey))
        case 4: return ("signature cut off", String(good.prefix(numbers.below(131))))
        case 5: return ("signature with more", good + "00")
        default: return ("well signed", numbers.chance(50) ? good : "0x" + good)
        }
    }
}
