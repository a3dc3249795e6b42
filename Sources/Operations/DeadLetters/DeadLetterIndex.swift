package import Kafka
import Topics

/// The contents of `ocn.dead` without bodies; about half a kilobyte per dead letter.
package struct DeadLetterIndex: Sendable {
    /// Number of records that are neither a dead letter nor a resolution.
    package private(set) var unreadable = 0
    private var letters: [DeadLetter.Place: DeadLetter] = [:]
    private var resolutions: [DeadLetter.Place: DeadResolution] = [:]

    /// An empty index.
    package init() {}

    /// Adds a record of `ocn.dead`. Records may come in any order and repeatedly.
    package mutating func add(_ record: IncomingRecord) {
        do throws(RecordError) {
            if DeadResolution.isResolution(record) {
                let resolution = try DeadResolution(record)
                // Of two resolutions of the same dead letter the first counts.
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

    /// Number of dead letters, resolved ones included.
    package var count: Int { letters.count }

    /// The selected dead letters, oldest first.
    package func letters(_ filter: DeadLetterFilter) -> [DeadLetter] {
        letters.values.map(judged).filter(filter.matches).sorted { ($0.diedAt, $0.place) < ($1.diedAt, $1.place) }
    }

    /// The copies of the given dead letters, each once. A copy can have several dead letters, because a worker crashed between two steps or
    /// because it was replayed before. It is delivered once, and all its unresolved dead letters are resolved.
    /// - Returns: the copies in the order of replay.
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
