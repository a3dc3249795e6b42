import Encoding
import OCPI
import Testbed

/// Well-formed HTTP requests of an authenticated party that may be wrong in any other respect.
struct OCPIRequests {
    let material: Material

    private static let modules: [ModuleID] = [.cdrs, .sessions, .locations, .tariffs, .tokens, .commands, .chargingprofiles]

    func make(_ numbers: inout SeededNumbers) -> RequestCase {
        let module = numbers.pick(Self.modules)
        let method = numbers.pick(["GET", "GET", "PUT", "PUT", "POST", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        var request = RequestText(method: method, target: "", headers: [])
        let (kind, target, body) = place(module, &numbers)
        request.target = target + query(&numbers)
        request.headers = headers(&numbers, kind)
        let hasBody = numbers.chance(["GET", "HEAD", "DELETE"].contains(method) ? 5 : 95)
        request.framing = hasBody ? (numbers.chance(70) ? .length : .chunked) : .none
        if hasBody { request.body = OddJSON.text(numbers.chance(75) ? OddJSON.mutate(body, &numbers) : body, &numbers) }
        var made = RequestCase("OCPI: \(kind)", [request.bytes], due: .one)
        if numbers.chance(3) { made.ending = .leave }
        made.isHead = method == "HEAD"
        made.isPlain = target.hasPrefix("/ocn/registry/")
        return made
    }

    // MARK: Destination

    private func place(_ module: ModuleID, _ numbers: inout SeededNumbers) -> (kind: String, target: String, body: JSONValue) {
        let samples = SampleObjects(material: material)
        // An unknown path is rejected at once and tests little code, so few requests have one.
        let version = numbers.chance(90) ? numbers.pick(["2.2.1", "2.2"]) : numbers.pick(["2.1.1", OddText.target(&numbers, longest: 20)])
        let interface = numbers.pick(["receiver", "sender"])
        switch numbers.below(20) {
        case 0: return ("versions", numbers.pick(["/ocpi/versions", "/ocpi/\(version)", "/ocpi/versions/", "/ocpi"]), .null)
        case 1: return ("credentials", "/ocpi/\(version)/credentials", samples.body(.credentials))
        case 2: return ("client infos", "/ocpi/\(version)/hubclientinfo\(path(&numbers))", samples.body(.hubclientinfo))
        case 3:
            return (
                "OcnRules",
                "/ocpi/receiver/\(version)/ocnrules\(numbers.pick(["", "/signatures", "/whitelist", "/blacklist", "/block-all"]))\(path(&numbers))",
                samples.rules
            )
        case 4:
            return (
                "custom module", "/ocpi/custom/\(interface)/\(numbers.pick(["fuzz", "x-y", "cdrs"]))\(path(&numbers))",
                OddJSON.value(&numbers)
            )
        case 5: return ("registry", "/ocn/registry/\(numbers.pick(["node-info", "node/DE/FZC"]))", .null)
        case 6: return ("nowhere", "/\(OddText.target(&numbers, longest: 6000))", OddJSON.value(&numbers))
        case 7:
            return (
                "callback",
                "/ocpi/\(interface)/\(version)/\(module)/\(numbers.pick(["response", "page", "1"]))/\(OddText.target(&numbers, longest: 2000))",
                .object([:])
            )
        case 8:
            let command = numbers.pick(["START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR"])
            return (
                "command", "/ocpi/receiver/\(version)/commands/\(command)\(numbers.chance(20) ? path(&numbers) : "")",
                samples.body(.commands)
            )
        default:
            let owner =
                "/\(material.sender.country)/\(material.sender.party)/\(numbers.pick(["1", "M*1", "M%2A1", OddText.target(&numbers)]))"
            return ("module", "/ocpi/\(interface)/\(version)/\(module)\(numbers.chance(60) ? owner : path(&numbers))", samples.body(module))
        }
    }

    private func path(_ numbers: inout SeededNumbers) -> String {
        (0..<numbers.below(5)).map { _ in "/" + OddText.target(&numbers, longest: 800) }.joined()
    }

    private func query(_ numbers: inout SeededNumbers) -> String {
        guard numbers.chance(35) else { return "" }
        let names = ["offset", "limit", "date_from", "date_to", "type", "ids[]", OddText.target(&numbers, longest: 50)]
        return "?"
            + (0..<(1 + numbers.below(4))).map { _ in numbers.pick(names) + "=" + OddText.target(&numbers, longest: 900) }.joined(
                separator: "&")
    }

    // MARK: Headers

    private func headers(_ numbers: inout SeededNumbers, _ kind: String) -> [(name: String, value: String)] {
        // A valid request to credentials or rules could end the registration or change the rules.
        let own =
            kind == "credentials"
            ? numbers.pick([material.invitation, material.disposable])
            : kind == "OcnRules" ? material.disposable : material.authorization
        let to = numbers.pick([material.receiver, material.receiver, material.receiver, material.service, material.remote, material.absent])
        var headers: [(name: String, value: String)] = [
            ("Host", material.host), (OCPIHeader.authorization, own), (OCPIHeader.requestID, "r-\(numbers.next())"),
            (OCPIHeader.correlationID, "c-\(numbers.below(1000))"), (OCPIHeader.fromCountry, material.sender.country),
            (OCPIHeader.fromParty, material.sender.party), (OCPIHeader.toCountry, to.country), (OCPIHeader.toParty, to.party),
            ("Content-Type", "application/json"),
        ]
        for _ in 0..<numbers.below(4) { change(&headers, &numbers) }
        return headers
    }

    private func change(_ headers: inout [(name: String, value: String)], _ numbers: inout SeededNumbers) {
        // The Host header is kept: without it the request is not well-formed.
        let place = 1 + numbers.below(headers.count - 1)
        switch numbers.below(9) {
        case 0 where headers.count > 2: headers.remove(at: place)
        case 1: headers.append(headers[place])
        case 2, 3: headers[place].value = OddText.headerValue(&numbers)
        case 4: headers[place].name = numbers.chance(50) ? headers[place].name.uppercased() : headers[place].name.lowercased()
        case 5: headers.append(("OCN-Signature", numbers.chance(50) ? OddText.headerValue(&numbers) : signature(&numbers)))
        case 6:
            headers.append(("Content-Encoding", numbers.pick(["gzip", "br", "identity", "deflate, gzip", OddText.headerValue(&numbers)])))
        case 7: headers += (0..<numbers.below(90)).map { ("X-Fuzz-\($0)", String($0)) }
        default:
            headers.append(
                numbers.pick([
                    ("Accept-Encoding", "gzip;q=0"), ("Accept", "text/html"), ("traceparent", "00-0-0-0"),
                    ("tracestate", OddText.headerValue(&numbers)),
                    ("Expect", "100-continue"), ("Connection", "close"), ("Connection", "keep-alive, te"), ("Range", "bytes=0-0"),
                    ("If-Match", "*"),
                    ("OCN-Caller-Version", "2.2"), ("OCN-Copy-ID", "x"), ("Cookie", OddText.headerValue(&numbers)),
                    ("X-Forwarded-For", "127.0.0.1"),
                    ("Forwarded", "for=_x"), ("X-HTTP-Method-Override", "DELETE"), ("Retry-After", "-1"),
                ]))
        }
    }

    /// A text of the length of a party's signature, or cut off; never a valid one.
    private func signature(_ numbers: inout SeededNumbers) -> String {
        Base64.encode(numbers.bytes(numbers.pick([1, 65, 300, 900])))
    }
}
