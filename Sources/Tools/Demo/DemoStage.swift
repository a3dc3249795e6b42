import Directory
import Kafka
import OCPI
import Topics

/// Everything that must run before the first step: clusters, nodes, registered parties, the tap.
struct DemoStage: Sendable {
    let starter: DemoClusterStarter
    let participants: DemoParticipants
    let clusters: [DemoCluster]
    let nodes: [DemoNode]
    let tap: KafkaTap

    /// The source of these entries, the same as that of `ocn registry`.
    static let source = "state"

    /// Starts everything in the order of dependencies.
    static func open(_ starter: DemoClusterStarter, _ participants: DemoParticipants, _ report: DemoReport) async throws -> DemoStage {
        report.starting("starting two Kafka clusters (librdkafka's own, in memory: they forget everything at exit)")
        let billing = participants.billing.profile
        let clusters = try await starter.startClusters([billing.id])
        guard clusters.count == 2 else { throw DemoFailure(step: 0, reason: "there are \(clusters.count) clusters, not 2") }
        let tap = try await KafkaTap.open(clusters)
        do {
            // Published before the roles start, because the in-memory Kafka takes seconds to announce a new topic to a group that has
            // already joined.
            let service = NetworkService(provider: billing.id, name: billing.name, permissions: [8], delivery: .push, source: source)
            try await publish([.put(.service(service))], in: starter)
            report.starting("starting two OCN nodes (their consumer groups take about four seconds to form)")
            async let first = starter.startNode(0)
            async let second = starter.startNode(1)
            for (party, _) in participants.all { try await party.start() }
            let nodes = try await [first, second]
            try await publish(network(nodes, participants), in: starter)
            report.starting("registering four parties (credentials handshake: token A, B, C)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (party, index) in participants.all {
                    let node = nodes[index]
                    group.addTask {
                        try await party.register(publicURL: node.publicURL, adminURL: node.adminURL, adminToken: node.adminToken)
                    }
                }
                try await group.waitForAll()
            }
            return DemoStage(starter: starter, participants: participants, clusters: clusters, nodes: nodes, tap: tap)
        } catch {
            await tap.close()
            throw error
        }
    }

    /// Writes the same facts to both nodes, as a registry would.
    static func publish(_ changes: [FactChange], in starter: DemoClusterStarter) async throws {
        async let first: Void = starter.publish(changes, 0)
        async let second: Void = starter.publish(changes, 1)
        _ = try await (first, second)
    }

    /// The registry entries: both nodes, and the node of each party.
    private static func network(_ nodes: [DemoNode], _ participants: DemoParticipants) -> [FactChange] {
        let listed = nodes.map { node in
            FactChange.put(
                .node(NetworkNode(operatorAddress: node.operatorAddress, url: node.publicURL, isVerbatim: true, source: source)))
        }
        return listed
            + participants.all.map { party, node in
                .put(
                    .party(
                        NetworkParty(
                            party: party.profile.id, roles: [party.profile.part.rawValue],
                            operatorAddress: nodes[node].operatorAddress, source: source)))
            }
    }

    var sides: [OperatorSide] {
        nodes.indices.map { index in
            OperatorSide(
                name: "node \(index + 1)", url: nodes[index].publicURL, kafka: clusters[index].kafka.bootstrap,
                parties: participants.all.filter { $0.node == index }.map(\.party.profile))
        }
    }

    var guide: RunningGuide? {
        let access = nodes.indices.map { index in
            RunningGuide.NodeAccess(name: "node \(index + 1)", node: nodes[index], kafka: clusters[index].kafka.bootstrap)
        }
        let parties = participants.all.compactMap { party, node in
            party.tokenC.map { RunningGuide.PartyAccess(profile: party.profile, url: party.url, node: access[node], token: $0) }
        }
        guard let cpo = parties.first(where: { $0.profile.id == participants.cpo1.profile.id }), let topics = clusters.first?.topics,
            let emsp = parties.first(where: { $0.profile.id == participants.emsp.profile.id })
        else { return nil }
        return RunningGuide(
            nodes: access, parties: parties, cpo: cpo, emsp: emsp, outbox: topics.outbox(participants.billing.profile.id),
            requests: topics.requests)
    }
}
