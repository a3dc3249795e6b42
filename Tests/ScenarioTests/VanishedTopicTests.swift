import Kafka
import Logging
import OCPI
import Support
import Telemetry
import Testbed
import Testing
import Topics

@testable import Node

extension Scenarios {
    /// A topic of the node was deleted, while Kafka answers.
    @Suite(.serialized) struct VanishedTopicTests {
        private static let quiet = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }

        @Test(.timeLimit(.minutes(3))) func aNodeNamesATopicThatVanishedRefusesWorksAgainAndStopsInTimeWithoutIt() async throws {
            let kafka = try await TestKafka(ownBrokers: 1)
            let cluster = try #require(kafka.embedded)
            var configuration = try NodeConfiguration.local(number: 1, bootstrap: cluster.bootstrap, ports: FreePorts.two())
            configuration.topics = kafka.topics
            let node = try await RunningNode.start(configuration, metrics: PrometheusMetrics(), logger: Self.quiet)
            let ready = "http://127.0.0.1:\(configuration.privatePort)/ready"
            do {
                for topic in [kafka.topics.replies, kafka.topics.requests, kafka.topics.state, kafka.topics.links] {
                    cluster.setUnknown(topic, true)
                    try await eventually("the node names \(topic)", within: .seconds(20)) {
                        let answer = try await TestNode.call("GET", ready)
                        return answer.status == 503
                            && answer.body.contains(#""name":"topics","ready":false,"reason":"\#(topic) does not exist"#)
                    }
                    // Without `ocn.links` requests can still be answered.
                    if topic != kafka.topics.links {
                        let began = ContinuousClock.now
                        let put = try await TestNode.call(
                            "PUT", configuration.publicURL + "/ocpi/receiver/2.2.1/sessions/DE/CPO/1", body: "{}")
                        #expect(put.status == 503 && put.body.contains("4000"), "\(put.body)")
                        let invite = try await TestNode.call(
                            "POST", "http://127.0.0.1:\(configuration.privatePort)/admin/generate-registration-token",
                            headers: [("Authorization", "Token \(configuration.adminKey.raw)")], body: "[]")
                        #expect(invite.status == 503 && invite.body.contains("nothing was changed"), "\(invite.body)")
                        #expect(ContinuousClock.now - began < .seconds(2), "nobody waits for Kafka in vain")
                    }
                    cluster.setUnknown(topic, false)
                    try await eventually("the node works again", within: .seconds(20)) {
                        try await TestNode.call("GET", ready).status == 200
                    }
                }
                cluster.setUnknown(kafka.topics.replies, true)
                cluster.setUnknown(kafka.topics.state, true)
            } catch {
                await node.stop()
                throw error
            }
            let told = ContinuousClock.now
            await node.stop()
            #expect(ContinuousClock.now - told < configuration.shutdownGrace, "what waits for the topics must end")
            kafka.close()
        }
    }
}
