import Directory
package import Encoding
package import OCPI

/// What a rewind of an outbox would do.
package struct RewindPlan: Sendable, Equatable {
    /// One partition's part.
    package struct Step: Sendable, Equatable {
        /// Where sending stands.
        package var place: OutboxPartition
        /// The first offset at or after the time; nil if there is none.
        package var found: Int64?

        /// Where sending goes on; nil if it stays where it is.
        package var target: Int64? { OutboxOrder.Rewind.offset(from: place.position, found: found) }

        /// Offsets that are gone through again.
        package var again: Int64 { target.map { place.position - $0 } ?? 0 }

        /// In words.
        package var description: String {
            let name = "partition \(place.partition)"
            if let target { return "\(name): from \(place.position) back to \(target), \(again) records again" }
            guard found != nil else { return "\(name): nothing at or after that time, stays at \(place.position)" }
            return "\(name): has not come as far as that time, stays at \(place.position)"
        }
    }

    /// Whose outbox.
    package var recipient: PartyID
    /// From which time on.
    package var to: Timestamp
    /// By partition.
    package var steps: [Step]

    /// Records that are sent again.
    package var again: Int64 { steps.reduce(0) { $0 + $1.again } }

    /// For programs.
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
