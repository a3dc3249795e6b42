import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// Combines the lists of several parties into one (OCPI 2.2.1, 4.1.5 GET All via Hubs).
///
/// The lists are concatenated, ordered by party, each in its owner's order. For a page every party is asked for its number of objects, then
/// those whose objects are on the page are asked for them. No state is kept between two pages.
struct ListOfAll: Sendable {
    /// One page.
    struct Page: Sendable {
        /// The complete body of the answer.
        var body: ByteBuffer
        var total: Int
        var limit: Int
        /// Query of the next page; nil on the last.
        var next: String?
    }

    /// Maximum number of objects per page.
    let maxLimit: Int
    /// Maximum bytes of an answer's body.
    let bodyLimit: Int
    /// Whether parties that fail to answer are left out; otherwise the whole list fails.
    let allowsPartial: Bool
    /// Requests a part of one party's list. Throws an error whose message is for the caller's operators.
    let ask: @Sendable (PartyID, _ query: String) async throws(OCPIError) -> ListPart

    /// The parties whose lists are combined for `from`: connected here, in a role that has the module, allowing requests of `from`, and not
    /// requiring signatures (the hub's request is not the one that `from` signed). `from` itself is excluded; other parties of its platform
    /// are included.
    static func parties(for from: PartyID, _ module: ModuleID, in directory: Directory) -> [PartyID] {
        let roles = ModuleParties.roles(module, .sender)
        return directory.platforms.filter {
            directory.status(of: $0.id) != .suspended && directory.endpoint(of: $0.id, module, .sender) != nil
        }.flatMap { ModuleParties.parties(of: $0, roles, in: directory) }.filter {
            $0 != from && directory.refusal(of: from, to: $0, module) == nil && !directory.wantsSignatures($0)
        }.sorted()
    }

    /// - Throws: the error of the first party that failed, unless partial lists are allowed.
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
            // A party that reports more objects than it returns must not stop the pagination, and one that returns more than requested must
            // not push out the beginning of the next party's list.
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
        // Only the counts are kept: each answer may be a whole list.
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
                // The list has failed, so the remaining parties are not asked.
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
