package import Credentials
import Directory
package import Encoding
package import Logging
package import OCPI
import Synchronization

/// Deletes what remains of platforms and parties that have left. A departed party is listed as SUSPENDED for 30 days (OCPI has no DELETE
/// for ClientInfo), then deleted. Otherwise platforms that come and go with new parties or roles would fill the state for good.
///
/// The deletion is not announced, because the departure was. Parties in the registry are kept; their number is limited.
package final class Retirement: Sendable {
    private let state: SharedState
    private let deleteLinks: @Sendable (Set<PartyID>) async throws -> Int
    private let logger: Logger
    /// Facts without their platform at the last run. They are deleted at the second run, so that a removal in progress can finish.
    private let previousOrphans = Mutex<Set<String>>([])

    /// How long a departed party is listed as SUSPENDED, in milliseconds.
    package static let after: Int64 = 30 * 86_400_000
    /// The interval between two runs.
    static let interval = Duration.seconds(60)
    /// The most changes in one write, which has a time limit.
    private static let portion = 200

    /// - Parameters:
    ///   - state: the present and departed parties.
    ///   - deleteLinks: deletes the hub URLs of departed parties, and returns their number.
    ///   - logger: reports the deletions.
    package init(
        state: SharedState, deleteLinks: @escaping @Sendable (Set<PartyID>) async throws -> Int, logger: Logger
    ) {
        self.state = state
        self.deleteLinks = deleteLinks
        self.logger = logger
    }

    /// Deletes what is due, and repairs the results of concurrent changes.
    /// - Throws: an error of `deleteLinks`, or `StateError` if a write failed; the next run continues.
    package func run(now: Timestamp = .now) async throws {
        try await clear(now: now)
        try await repair("rewrote the valid records of platforms that were changed concurrently") {
            $0.overruledFacts.map(FactChange.put)
        }
        try await repair("deleted claims of unfinished registrations") { Registration.lapsed(in: $0, now: now) }
        try await repair("restored missing claims of registered parties") { Registration.missing(in: $0, now: now) }
    }

    /// Writes the due changes, recomputed from the newest state before each write, because a platform may be registering meanwhile.
    private func repair(_ what: Logger.Message, _ due: (Directory) -> [FactChange]) async throws {
        let count = due(state.directory()).count
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            // Changes that become due meanwhile are left to the next run.
            let portion = due(state.directory()).prefix(min(left, Retirement.portion))
            guard !portion.isEmpty else { break }
            try await state.write(Array(portion))
            left -= portion.count
        }
        if left < count { logger.info(what, metadata: ["records": "\(count - left)"]) }
    }

    private func clear(now: Timestamp) async throws {
        let directory = state.directory()
        let (changes, parties) = Retirement.due(in: directory, now: now)
        let orphaned = directory.orphanedKeys
        let lasting = previousOrphans.withLock { known in
            defer { known = Set(orphaned) }
            return orphaned.filter(known.contains)
        }
        // The hub URLs go first: they could not be found without the remaining facts.
        var links = 0
        if !parties.isEmpty { links = try await deleteLinks(parties) }
        let all = changes + lasting.map(FactChange.delete)
        guard !all.isEmpty else { return }
        try await state.write(all, inPortionsOf: Retirement.portion)
        guard !parties.isEmpty else {
            logger.info("deleted what remained of departed platforms", metadata: ["records": "\(all.count)"])
            return
        }
        logger.info(
            "deleted what remained of departed parties",
            metadata: [
                "parties": "\(parties.map(\.description).sorted().prefix(20).joined(separator: " "))",
                "records": "\(all.count)",
                "links": "\(links)",
            ])
    }

    // MARK: Decisions

    /// The due deletions, and the parties of which nothing remains then.
    static func due(in directory: Directory, now: Timestamp) -> (changes: [FactChange], parties: Set<PartyID>) {
        let latest = now.adding(milliseconds: -after)
        // A platform that is SUSPENDED itself is removed first; the time of its parties has passed by then.
        let platforms = directory.platforms.filter { platform in
            directory.status(of: platform.id) == .suspended && directory.lastUpdated(of: platform.id).map { $0 <= latest } ?? false
        }
        var changes = platforms.flatMap { platform in
            Registration.removal(
                of: platform, suspendedSince: directory.lastUpdated(of: platform.id) ?? now, now: now, in: directory)
        }
        // No process still writes about a platform that was removed so long ago.
        changes += directory.forgettable(by: latest).map { .delete(key: FactKey.gone($0)) }
        var gone: Set<PartyID> = []
        var staying: Set<PartyID> = []
        for info in directory.clientInfos() {
            guard isOver(info, latest, in: directory) else {
                staying.insert(info.party)
                continue
            }
            gone.insert(info.party)
            // If only the second were deleted, the status would be announced again.
            let keys = [FactKey.clientInfo(info.party, role: info.role), FactKey.announced(info.party, role: info.role)]
            changes += keys.filter { directory.fact($0) != nil }.map { .delete(key: $0) }
        }
        return (changes, gone.subtracting(staying).filter { directory.networkParty($0)?.isListed != true })
    }

    /// Whether the party left in that role so long ago, its departure was announced, and no platform or registry entry expects its return.
    private static func isOver(_ info: ClientInfo, _ latest: Timestamp, in directory: Directory) -> Bool {
        let roles = directory.platform(of: info.party)?.roles ?? []
        guard info.status == .suspended, info.lastUpdated <= latest,
            !roles.contains(where: { $0.party == info.party && $0.role == info.role && directory.mayHave($0) }),
            let announced = directory.announced(info.party, role: info.role), announced.status == .suspended,
            announced.lastUpdated <= latest
        else { return false }
        guard let listed = directory.networkParty(info.party), listed.isListed else { return true }
        return !listed.roles.contains { $0.uppercased() == info.role.uppercased() }
    }
}

extension ControlService.Duty {
    /// The duty that deletes what remains of departed platforms.
    package static func retirement(_ retirement: Retirement) -> ControlService.Duty {
        ControlService.Duty(
            name: "retirement", pause: { try? await Task.sleep(for: Retirement.interval) }, run: { try await retirement.run() })
    }
}
