import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// What the hub answered to a call.
struct Reply: Sendable {
    /// `PUT https://…`, for messages.
    let line: String
    /// Of the call, as they were sent; nil where they were left out.
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

    /// The first value of a header, its name matched without case.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Goes on if the answer has this `status_code`.
    @discardableResult
    func expect(code wanted: Int) throws(Unmet) -> Reply {
        if code != wanted { throw Unmet("\(line): OCPI status \(code.map(String.init) ?? "missing"), not \(wanted) (\(summary))") }
        return self
    }

    /// Goes on if the answer has one of these.
    @discardableResult
    func expect(codeIn wanted: Set<Int>) throws(Unmet) -> Reply {
        guard let code, wanted.contains(code) else {
            let names = wanted.sorted().map(String.init).joined(separator: " or ")
            throw Unmet("\(line): OCPI status \(code.map(String.init) ?? "missing"), not \(names) (\(summary))")
        }
        return self
    }

    /// Goes on if the answer has one of these HTTP statuses.
    @discardableResult
    func expect(http wanted: Int...) throws(Unmet) -> Reply {
        if !wanted.contains(status) {
            throw Unmet("\(line): HTTP \(status), not \(wanted.map(String.init).joined(separator: " or ")) (\(summary))")
        }
        return self
    }

    /// HTTP 2xx and OCPI 1xxx.
    @discardableResult
    func expectSuccess() throws(Unmet) -> Reply {
        guard 200..<300 ~= status, let code, 1000..<2000 ~= code else { throw Unmet("\(line): no success (\(summary))") }
        return self
    }

    /// Never the body, which may hold a token.
    private var summary: String {
        "HTTP \(status), OCPI \(code.map(String.init) ?? "none")" + (message.map { ": \($0)" } ?? "")
    }
}
