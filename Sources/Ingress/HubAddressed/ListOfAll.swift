import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// One list out of the lists of several parties (OCPI 2.2.1, 4.1.5 GET All via Hubs).
///
/// The parties' lists stand one after the other, ordered by party, each in its owner's order. So a page is found by counting: every party
/// is asked how much it has, then those whose objects belong to the page are asked for them. Nothing is kept between two pages.
struct ListOfAll: Sendable {
    /// One page.
    struct Page: Sendable {
        /// Whole answer.
        var body: ByteBuffer
        var total: Int
        var limit: Int
        /// Query of the next page; nil on the last.
        var next: String?
    }

    /// Most objects on a page.
    let maxLimit: Int
    /// Longest body of an answer, bytes.
    let bodyLimit: Int
    /// Whether parties that cannot be asked are left out instead of making the whole list fail.
    let allowsPartial: Bool
    /// Asks one party for a part of its list. Throws an error for people when it cannot be had.
    let ask: @Sendable (PartyID, _ query: String) async throws(OCPIError) -> ListPart

    /// The parties whose lists make up the list for `from`: connected here, in a role that has the module, willing to be asked by `from`
    /// and without its signature: what the hub asks for somebody is not what that one signed. Never `from` itself; others of its platform
    /// are parties like any other.
    static func parties(for from: PartyID, _ module: ModuleID, in directory: Directory) -> [PartyID] {
        let roles = ModuleParties.roles(module, .sender)
        return directory.platforms.filter {
            directory.status(of: $0.id) != .suspended && directory.endpoint(of: $0.id, module, .sender) != nil
        }.flatMap { ModuleParties.parties(of: $0, roles, in: directory) }.filter {
            $0 != from && directory.refusal(of: from, to: $0, module) == nil && !directory.wantsSignatures($0)
        }.sorted()
    }

    /// - Throws: what the first party that could not be asked answered, unless partial lists are allowed.
    func page(_ query: ListQuery, of parties: [PartyID]) async throws(OCPIError) -> Page {
        var missing: [PartyID] = []
        let totals = try await totals(query, parties, &missing)
        let limit = min(query.limit ?? maxLimit, maxLimit)
        let total = totals.reduce(0) { $0 + $1.count }
        var objects = ByteBuffer()
        var gathered = 0
        var next = query.offset
        var start = 0
        for (party, count) in totals {
            defer { start += count }
            guard next < start + count, gathered < limit else { continue }
            let wanted = min(limit - gathered, start + count - next)
            guard let part = try await part(query, party, offset: next - start, limit: wanted, &missing) else {
                next = start + count
                continue
            }
            guard gathered == 0 || objects.readableBytes + part.objects.readableBytes < bodyLimit else { break }
            if part.count > 0 {
                if objects.readableBytes > 0 { objects.writeString(",") }
                objects.writeImmutableBuffer(part.objects)
            }
            gathered += part.count
            // A party that says it has more and gives nothing must not hold up the crawl, and one that gives more than it was asked for
            // must not push aside the beginning of the next party's list.
            next = part.count == 0 ? start + count : min(start + count, next + part.count)
            if part.count < wanted { break }
        }
        return Page(
            body: ListOfAll.envelope(objects, missing), total: total, limit: maxLimit,
            next: next < total ? query.with(offset: next, limit: limit) : nil)
    }

    private func totals(
        _ query: ListQuery, _ parties: [PartyID], _ missing: inout [PartyID]
    ) async throws(OCPIError) -> [(party: PartyID, count: Int)] {
        let first = query.with(offset: 0, limit: 1)
        // Only the numbers are kept: what came along may be a whole answer of every party.
        let answers = await withTaskGroup(of: (PartyID, Result<Int, OCPIError>).self) { group in
            var rest = parties[...]
            var answers: [PartyID: Result<Int, OCPIError>] = [:]
            func askNext() {
                guard let party = rest.popFirst() else { return }
                group.addTask { (party, await result { () throws(OCPIError) in try await ask(party, first).total(of: party, asked: 1) }) }
            }
            for _ in 0..<ListOfAll.concurrency { askNext() }
            for await (party, answer) in group {
                answers[party] = answer
                // The list has failed: nobody else needs to be asked.
                if case .failure = answer, !allowsPartial { rest = [] }
                askNext()
            }
            return answers
        }
        var totals: [(PartyID, Int)] = []
        for party in parties {
            guard let answer = answers[party] else { continue }
            do throws(OCPIError) {
                totals.append((party, try answer.get()))
            } catch {
                guard allowsPartial else { throw error }
                missing.append(party)
            }
        }
        return totals
    }

    private func part(
        _ query: ListQuery, _ party: PartyID, offset: Int, limit: Int, _ missing: inout [PartyID]
    ) async throws(OCPIError) -> ListPart? {
        do {
            return try await ask(party, query.with(offset: offset, limit: limit))
        } catch {
            guard allowsPartial else { throw error }
            missing.append(party)
            return nil
        }
    }

    private func result(_ body: () async throws(OCPIError) -> Int) async -> Result<Int, OCPIError> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    private static func envelope(_ objects: ByteBuffer, _ missing: [PartyID]) -> ByteBuffer {
        var body = ByteBuffer(string: #"{"status_code":1000,"#)
        if !missing.isEmpty {
            let names = missing.map(\.description).joined(separator: ", ")
            body.writeString(#""status_message":"Without the objects of \#(names), which could not be asked","#)
        }
        body.writeString(#""data":["#)
        body.writeImmutableBuffer(objects)
        body.writeString(#"],"timestamp":"\#(Timestamp.now)"}"#)
        return body
    }

    private static let concurrency = 32
}

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

/// The query of a list: filters as they came, and which part of the list is wanted (OCPI 2.2.1, 4.1.4 Paginated Request).
struct ListQuery: Sendable, Equatable {
    /// Everything else, verbatim.
    let filters: [Substring]
    /// Names of filters that have a value, decoded.
    private let given: Set<String>
    let offset: Int
    let limit: Int?

    /// - Throws: 2001 for an offset or limit that is no number, and for one of these or a date that stands twice: of two values some parties
    ///   take the first, others the last.
    init(_ query: String?) throws(OCPIError) {
        var filters: [Substring] = []
        var given: Set<String> = []
        var seen: Set<String> = []
        var offset: Int?
        var limit: Int?
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Whoever is asked reads names decoded.
            let name = PercentText.decoded(String(parts[0]))
            guard !ListQuery.single.contains(name) || seen.insert(name).inserted else {
                throw OCPIError(code: .invalidParameters, message: "\(name) stands twice in the query")
            }
            switch name {
            case "offset": offset = try ListQuery.number(name, parts, from: 0)
            case "limit": limit = try ListQuery.number(name, parts, from: 1)
            default:
                if parts.count == 2, !parts[1].isEmpty { given.insert(name) }
                filters.append(pair)
            }
        }
        self.filters = filters
        self.given = given
        self.offset = offset ?? 0
        self.limit = limit
    }

    /// The same list, another part of it.
    func with(offset: Int, limit: Int) -> String { (filters + ["offset=\(offset)", "limit=\(limit)"]).joined(separator: "&") }

    /// What may stand there once only.
    private static let single: Set = ["offset", "limit", "date_from", "date_to"]

    /// Beyond every list of all, so that a next page can always be asked for; far from overflowing.
    private static let greatest = 1 << 53

    /// Whether a filter of that name has a value.
    func has(_ name: String) -> Bool { given.contains(name) }

    private static func number(_ name: String, _ parts: [Substring], from least: Int) throws(OCPIError) -> Int {
        guard parts.count == 2, let number = Int(parts[1]), least...ListQuery.greatest ~= number else {
            throw OCPIError(code: .invalidParameters, message: "\(name) must be a whole number from \(least) on")
        }
        return number
    }
}
