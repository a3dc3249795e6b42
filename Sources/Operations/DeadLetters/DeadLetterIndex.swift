package import Kafka
import Topics

/// What stands in `ocn.dead`, without bodies: about half a kilobyte for each dead letter.
package struct DeadLetterIndex: Sendable {
    /// Records that are neither a dead letter nor a resolution.
    package private(set) var unreadable = 0
    private var letters: [DeadLetter.Place: DeadLetter] = [:]
    private var resolutions: [DeadLetter.Place: DeadResolution] = [:]

    /// Nothing.
    package init() {}

    /// Takes in a record of `ocn.dead`. Order does not matter, nor whether it was taken in before.
    package mutating func add(_ record: IncomingRecord) {
        do throws(RecordError) {
            if DeadResolution.isOne(record) {
                let resolution = try DeadResolution(record)
                // Of two that resolved it at once the first did it.
                let place = DeadLetter.Place(partition: resolution.partition, offset: resolution.offset)
                if let earlier = resolutions[place], earlier.copyID == resolution.copyID, earlier.at <= resolution.at { return }
                resolutions[place] = resolution
            } else {
                let place = DeadLetter.Place(partition: record.partition, offset: record.offset)
                letters[place] = DeadLetter(try DeadRecord(record), at: place)
            }
        } catch {
            unreadable += 1
        }
    }

    /// How many dead letters there are, resolved ones included.
    package var count: Int { letters.count }

    /// The dead letters that are meant, the longest dead first.
    package func letters(_ filter: DeadLetterFilter) -> [DeadLetter] {
        letters.values.map(judged).filter(filter.matches).sorted { ($0.diedAt, $0.place) < ($1.diedAt, $1.place) }
    }

    /// The copies behind dead letters, each once: a copy that died twice, because a worker crashed between two steps or because it had
    /// been replayed, is delivered once and all that is unresolved of it is resolved.
    /// - Returns: in the order in which they are to be replayed.
    package func copies(of chosen: [DeadLetter]) -> [DeadCopy] {
        let wanted = Set(chosen.map(\.copyID))
        let open = letters.values.filter { wanted.contains($0.copyID) }.map(judged).filter { $0.resolution == nil }
        return Dictionary(grouping: open, by: \.copyID).values.compactMap(DeadCopy.init).sorted { $0.letter.place < $1.letter.place }
    }

    private func judged(_ letter: DeadLetter) -> DeadLetter {
        guard let resolution = resolutions[letter.place], resolution.copyID == letter.copyID else { return letter }
        var letter = letter
        letter.resolution = resolution
        return letter
    }
}
