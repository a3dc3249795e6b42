import Directory
package import Encoding
package import OCPI

/// The effect of a rewind of an outbox.
package struct RewindPlan: Sendable, Equatable {
    /// The effect on one partition.
    package struct Step: Sendable, Equatable {
        /// The current progress.
        package var place: OutboxPartition
        /// The first offset at or after the time; nil if there is none.
        package var found: Int64?

        /// The offset from which sending continues; nil if it does not change.
        package var target: Int64? { OutboxOrder.Rewind.offset(from: place.position, found: found) }

        /// Number of offsets that are sent again.
        package var again: Int64 { target.map { place.position - $0 } ?? 0 }

        /// The text output.
        package var description: String {
            let name = "partition \(place.partition)"
            if let target { return "\(name): from \(place.position) back to \(target), \(again) records again" }
            guard found != nil else { return "\(name): nothing at or after that time, stays at \(place.position)" }
            return "\(name): has not come as far as that time, stays at \(place.position)"
        }
    }

    /// The recipient.
    package var recipient: PartyID
    /// The time from which records are sent again.
    package var to: Timestamp
    /// The effect by partition.
    package var steps: [Step]

    /// Number of records that are sent again.
    package var again: Int64 { steps.reduce(0) { $0 + $1.again } }

    /// The JSON output.
    package var json: JSONValue {
        [
            "recipient": .string(recipient.description), "to": .string(to.description), "records_again": .number(String(again)),
            "partitions": .array(
                steps.map { step in
                    .object([
                        "partition": .number(String(step.place.partition)), "from": .number(String(step.place.position)),
                        "to": step.target.map { .number(String($0)) }, "records_again": .number(String(step.again)),
                    ])
                }),
        ]
    }
}
