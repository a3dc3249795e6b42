import OCPI
import TestParties

// What a check expects of an answer. Failures never show the body, which may hold a token.
extension CallAnswer {
    /// Goes on if the answer has this `status_code`.
    @discardableResult
    func expect(code wanted: Int) throws(Unmet) -> CallAnswer {
        if code != wanted { throw Unmet("\(request.line): OCPI status \(code.map(String.init) ?? "missing"), not \(wanted) (\(summary))") }
        return self
    }

    /// Goes on if the answer has one of these.
    @discardableResult
    func expect(codeIn wanted: Set<Int>) throws(Unmet) -> CallAnswer {
        guard let code, wanted.contains(code) else {
            let names = wanted.sorted().map(String.init).joined(separator: " or ")
            throw Unmet("\(request.line): OCPI status \(code.map(String.init) ?? "missing"), not \(names) (\(summary))")
        }
        return self
    }

    /// Goes on if the answer has one of these HTTP statuses.
    @discardableResult
    func expect(http wanted: Int...) throws(Unmet) -> CallAnswer {
        if !wanted.contains(status) {
            throw Unmet("\(request.line): HTTP \(status), not \(wanted.map(String.init).joined(separator: " or ")) (\(summary))")
        }
        return self
    }

    /// HTTP 2xx and OCPI 1xxx.
    @discardableResult
    func expectSuccess() throws(Unmet) -> CallAnswer {
        guard 200..<300 ~= status, let code, 1000..<2000 ~= code else { throw Unmet("\(request.line): no success (\(summary))") }
        return self
    }
}
