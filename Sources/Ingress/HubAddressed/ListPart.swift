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
    /// The number of these objects.
    let count: Int
    /// The total number of objects that the party reports; nil if it reports none.
    let total: Int?
    /// Whether the party announces further pages.
    let hasMore: Bool

    /// Parses a party's answer.
    /// - Throws: 4000 if it is unusable; the party's own error unchanged.
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

    /// The total number of objects of the party.
    ///
    /// A party that reports no total has returned its whole list if it announces no further page and returned fewer objects than requested,
    /// or more (then it does not support pagination).
    /// - Parameter limit: the number of objects that were requested.
    /// - Throws: 4000 if there may be more objects that would never be requested.
    func total(of party: PartyID, asked limit: Int) throws(OCPIError) -> Int {
        if let total { return total }
        guard !hasMore, count != limit else {
            throw OCPIError(
                code: .hubError, message: "\(party) does not say how many objects it has: its X-Total-Count is missing or no number")
        }
        return count
    }

    /// The list in an answer's body, which is an object; a missing or null list is empty (OCPI 2.2.1, 16.1 Cardinality). Nil for anything
    /// else. The objects are only counted, because parsed trees would need many times the memory.
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
