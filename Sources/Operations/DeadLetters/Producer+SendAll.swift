import Kafka

extension Producer {
    /// Sends all records in this order and waits until each is acknowledged or has failed.
    func sendAll(_ records: [OutgoingRecord]) async -> [Result<RecordPosition, KafkaError>] {
        guard !records.isEmpty else { return [] }
        let results = Shared([Int: Result<RecordPosition, KafkaError>]())
        await withCheckedContinuation { continuation in
            for (number, record) in records.enumerated() {
                send(record) { result in
                    let isLast = results.change { results in
                        results[number] = result
                        return results.count == records.count
                    }
                    if isLast { continuation.resume() }
                }
            }
        }
        return results.value.sorted { $0.key < $1.key }.map(\.value)
    }
}
