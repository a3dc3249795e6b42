import Kafka
import Logging
import Testing

@testable import Node

/// Properties that librdkafka accepts one by one and rejects when a client is created. No broker is needed.
@Suite struct RefusedPropertiesTests {
    /// The message for the operator; nil if a client can be created.
    private func told(_ properties: [String: String]) async -> String? {
        let settings = KafkaSettings(bootstrap: "127.0.0.1:1", clientID: "test", properties: properties)
        do {
            let admin = try KafkaAdmin(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await admin.close()
            return nil
        } catch {
            return "\(RefusedProperties.explain(error, properties))"
        }
    }

    @Test func theSettingIsNamed() async {
        #expect(
            await told(["security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"])
                == "kafka.properties: librdkafka refuses them: sasl.username and sasl.password must be set")
        let file = await told(["security.protocol": "SSL", "ssl.ca.location": "/nowhere/hidden.pem"])
        #expect(file?.hasPrefix("kafka.properties: librdkafka refuses them: ssl.ca.location failed") == true)
    }

    @Test func valuesAreNotShown() async {
        #expect(
            await told(["security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "HIDDEN"])
                == "kafka.properties: librdkafka refuses them: Unsupported SASL mechanism: …")
        for name in ["ssl.ca.location", "ssl.key.pem", "ssl.certificate.pem"] {
            let text = await told(["security.protocol": "SSL", name: "/nowhere/hidden.pem"])
            #expect(text?.contains(name) == true && text?.contains("hidden") == false, "\(text ?? "taken")")
        }
    }

    @Test func otherErrorsStayAsTheyAre() async {
        #expect(await told([:]) == nil)
        let error = RefusedProperties.explain(ConfigurationError(description: "something else"), ["acks": "0"])
        #expect("\(error)" == "something else")
    }

    @Test func aProducerThatMustBeOrderedIsExplained() throws {
        let properties = ["acks": "0"]
        let settings = KafkaSettings(bootstrap: "127.0.0.1:1", clientID: "test", properties: properties)
        #expect {
            try Producer(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        } throws: { error in
            let text = "\(RefusedProperties.explain(error, properties))"
            return text.hasPrefix("kafka.properties: librdkafka refuses them: ") && text.contains("acks")
        }
    }

    /// LEADER_NOT_AVAILABLE, at the end of the time limit.
    @Test func whatDidNotComeInTimeIsToldWithWhatToDo() throws {
        let configuration = try NodeConfiguration.local(number: 1, bootstrap: "127.0.0.1:1", ports: (8080, 8081))
        let told = "\(SharedResources.explain(KafkaError(operation: "watermarks", code: 5), configuration))"
        for part in ["127.0.0.1:1 answers", "watermarks", "kafka-topics.sh --describe"] { #expect(told.contains(part), "\(told)") }
        // A permanent error remains unchanged.
        #expect(SharedResources.explain(KafkaError(operation: "produce", code: 29), configuration) is KafkaError)
    }
}
