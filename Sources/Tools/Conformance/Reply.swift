import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// The hub's answer to a call.
struct Reply: Sendable {
    /// Method and URL for messages, like `PUT https://…`.
    let line: String
    /// The ids of the call as sent; nil if they were omitted.
    let requestID: String?
    let correlationID: String?
    /// HTTP status.
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    /// The envelope; nil if the body is not JSON.
    var json: JSONValue? { try? JSONValue.parse(body) }
    /// `status_code`.
    var code: Int? { json?["status_code"]?.int }
    /// `data`.
    var data: JSONValue? { json?["data"] }
    /// `status_message`.
    var message: String? { json?["status_message"]?.string }
    var text: String { String(buffer: body) }
    var from: PartyID? { PartyID(headers, OCPIHeader.fromCountry, OCPIHeader.fromParty) }
    var to: PartyID? { PartyID(headers, OCPIHeader.toCountry, OCPIHeader.toParty) }
    /// The URL of `Link: <…>; rel="next"`; nil if there is none.
    var nextPage: String? {
        guard let link = header(OCPIHeader.link), link.hasPrefix("<"), let end = link.firstIndex(of: ">"),
            link[end...].contains("next")
        else { return nil }
        return String(link[link.index(after: link.startIndex)..<end])
    }

    /// The first value of a header, by case-insensitive name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Throws unless the answer has this `status_code`.
    @discardableResult
    func expect(code wanted: Int) throws(Unmet) -> Reply {
        if code != wanted { throw Unmet("\(line): OCPI status \(code.map(String.init) ?? "missing"), not \(wanted) (\(summary))") }
        return self
    }

    /// Throws unless the answer has one of these.
    @discardableResult
    func expect(codeIn wanted: Set<Int>) throws(Unmet) -> Reply {
        guard let code, wanted.contains(code) else {
            let names = wanted.sorted().map(String.init).joined(separator: " or ")
            throw Unmet("\(line): OCPI status \(code.map(String.init) ?? "missing"), not \(names) (\(summary))")
        }
        return self
    }

    /// Throws unless the answer has one of these HTTP statuses.
    @discardableResult
    func expect(http wanted: Int...) throws(Unmet) -> Reply {
        if !wanted.contains(status) {
            throw Unmet("\(line): HTTP \(status), not \(wanted.map(String.init).joined(separator: " or ")) (\(summary))")
        }
        return self
    }

    /// Throws unless the answer has HTTP 2xx and OCPI 1xxx.
    @discardableResult
    func expectSuccess() throws(Unmet) -> Reply {
        guard 200..<300 ~= status, let code, 1000..<2000 ~= code else { throw Unmet("\(line): no success (\(summary))") }
        return self
    }

    /// The statuses and the message, never the body, which may contain a token.
    private var summary: String {
        "HTTP \(status), OCPI \(code.map(String.init) ?? "none")" + (message.map { ": \($0)" } ?? "")
    }
}
