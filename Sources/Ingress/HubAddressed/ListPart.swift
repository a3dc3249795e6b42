import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// A part of one party's list.
struct ListPart: Sendable, Equatable {
    /// The objects byte for byte, with the commas between them.
    let objects: ByteBuffer
    /// How many these are.
    let count: Int
    /// How many the party says it has; nil if it does not say.
    let total: Int?
    /// The party announces further pages.
    let hasMore: Bool

    /// Reads a party's answer.
    /// - Throws: 4000 if it is none that can be used; the party's own error as it is.
    init(_ reply: ReplyRecord) throws(OCPIError) {
        guard reply.outcome == .answered else {
            throw OCPIError(code: reply.status ?? .connectionProblem, message: "\(reply.from): \(reply.message ?? "could not be asked")")
        }
        guard let body = reply.body, reply.httpStatus == 200, let status = AnswerStatus(body).code,
            StatusCode(rawValue: status).isSuccess, let (data, count) = ListPart.list(in: body)
        else {
            throw OCPIError(code: .hubError, message: "\(reply.from) did not answer with a list")
        }
        objects = ListPart.inside(data)
        self.count = count
        total = reply.headers[OCPIHeader.totalCount].flatMap { Int($0) }.flatMap { 0...ListPart.maxTotal ~= $0 ? $0 : nil }
        hasMore = reply.headers[OCPIHeader.link] != nil
    }

    /// How many objects the party has.
    ///
    /// One that does not say has given its whole list if it announces no further page and gave less than it was asked for, or more: then it
    /// knows nothing of pages.
    /// - Parameter limit: how many it was asked for.
    /// - Throws: 4000 if there may be more that nobody would ever ask for.
    func total(of party: PartyID, asked limit: Int) throws(OCPIError) -> Int {
        if let total { return total }
        guard !hasMore, count != limit else {
            throw OCPIError(
                code: .hubError, message: "\(party) does not say how many objects it has: its X-Total-Count is missing or no number")
        }
        return count
    }

    /// The list in an answer, which is an object; one that is absent or null is empty (OCPI 2.2.1, 16.1 Cardinality). Nil for anything else.
    /// Its objects are counted only: trees of as many bytes as an answer may have would be many times as large.
    private static func list(in body: ByteBuffer) -> (data: ByteBuffer, count: Int)? {
        do throws(JSONError) {
            guard let range = try body.jsonRange(of: ["data"]) else { return (ByteBuffer(), 0) }
            guard let data = body.getSlice(at: body.readerIndex + range.lowerBound, length: range.count) else { return nil }
            if data.readableBytesView.elementsEqual("null".utf8) { return (ByteBuffer(), 0) }
            guard let count = data.jsonElementCount() else { return nil }
            return (data, count)
        } catch {
            return nil
        }
    }

    /// Bounds the sums of totals.
    private static let maxTotal = 1_000_000_000

    private static func inside(_ array: ByteBuffer) -> ByteBuffer {
        guard array.readableBytes >= 2 else { return ByteBuffer() }
        return array.getSlice(at: array.readerIndex + 1, length: array.readableBytes - 2) ?? ByteBuffer()
    }
}
