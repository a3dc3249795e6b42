import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Operations
import Topics

/// Formats dead letters as text and JSON.
enum DeadText {
    /// The message for an empty list.
    static func nothing(in index: DeadLetterIndex, _ filter: DeadLetterFilter) -> String {
        guard index.count > 0 else { return "There are no dead letters." }
        let open = index.letters(DeadLetterFilter()).count
        let resolved = "\(index.count - open) are resolved (replayed or discarded); --resolved shows them"
        guard open > 0 || filter.includesResolved else { return "No dead letter is open: all \(resolved)." }
        let meant = filter.includesResolved ? index.count : open
        var text = "None of \(meant) \(filter.includesResolved ? "" : "open ")dead letters matches"
        if !filter.includesResolved, index.count > open { text += "; \(resolved)" }
        return text + "."
    }

    /// The message if no dead letter is left to replay or discard.
    /// - Throws: if a copy was named by its id, because its operator expects an effect.
    static func nothingToDo(
        _ kind: DeadResolution.Kind, in index: DeadLetterIndex, _ filter: DeadLetterFilter
    ) throws(OperatorError) -> String {
        let nothing = "Nothing was \(kind.rawValue)"
        guard let id = filter.copyID else { return "\(nothing). \(DeadText.nothing(in: index, filter))" }
        let shown = OperatorText.printable(id)
        let known = index.letters(DeadLetterFilter(copyID: id, includesResolved: true))
        guard let last = known.last else {
            throw OperatorError(
                description: "there is no dead letter of copy '\(shown)'. \(nothing). ocn dead list --resolved shows those there are.")
        }
        guard let resolution = last.resolution, known.allSatisfy({ $0.resolution != nil }) else {
            throw OperatorError(
                description: "the dead letter of copy '\(shown)' is not among those that the other filters mean. \(nothing).")
        }
        let outcome = "copy '\(shown)' was \(describe(resolution))"
        // Repeating the same command is no error; the opposite one is.
        guard resolution.kind == kind else { throw OperatorError(description: "\(outcome). \(nothing).") }
        return "\(outcome). \(nothing) again."
    }

    static func rows(_ letters: ArraySlice<DeadLetter>) -> [[String]] {
        [["DIED", "RECIPIENT", "CAUSE", "TRIES", "HTTP", "OCPI", "FROM", "REQUEST", "COPY ID"]]
            + letters.map { letter in
                [
                    letter.diedAt.description, letter.recipient.description,
                    OperatorText.printable(letter.resolution.map { "\(letter.cause) (\($0.kind.rawValue))" } ?? letter.cause),
                    String(letter.attempts), letter.lastHTTPStatus.map(String.init) ?? "-", letter.lastStatus.map(String.init) ?? "-",
                    letter.sender.description, OperatorText.printable(letter.request), OperatorText.printable(letter.copyID),
                ]
            }
    }

    static func full(_ letter: DeadLetter, _ record: IncomingRecord?) -> String {
        let at = "partition \(letter.place.partition), offset \(letter.place.offset)"
        var rows: [[String]] = [["copy", letter.copyID]]
        rows.append(["request", "\(letter.request) from \(letter.sender) for \(letter.recipient)"])
        rows.append(["accepted", letter.time.description])
        rows.append(["died", letter.diedAt.description])
        rows.append(["cause", letter.cause])
        rows.append(["attempts", String(letter.attempts)])
        rows.append(["last HTTP status", letter.lastHTTPStatus.map(String.init) ?? "none"])
        rows.append(["last status_code", letter.lastStatus.map(String.init) ?? "none"])
        rows.append(["position", at])
        rows.append(["key", letter.key ?? "none"])
        rows.append(["resolved", letter.resolution.map(describe) ?? "no"])
        guard let record else { return lines(rows) + "(expired meanwhile)\n" }
        rows.append(["headers", ""])
        for header in record.headers.fields { rows.append(["  \(header.name)", header.value]) }
        rows.append(["body", "\(letter.bytes) bytes"])
        return lines(rows) + OperatorText.printable(record.value.map { String(buffer: $0) } ?? "", lines: true) + "\n"
    }

    private static func describe(_ resolution: DeadResolution) -> String {
        let what = "\(resolution.kind.rawValue) at \(resolution.at)"
        return resolution.by.isEmpty ? what : "\(what) by \(OperatorText.printable(resolution.by))"
    }

    private static func lines(_ rows: [[String]]) -> String {
        TextTable.lines(rows.map { row in row.map { OperatorText.printable($0) } }).map { $0 + "\n" }.joined()
    }

    static func json(_ letter: DeadLetter, _ record: IncomingRecord?) -> JSONValue {
        .object([
            "dead_letter": letter.json,
            "headers": record.map { record in
                .array(record.headers.fields.map { ["name": .string($0.name), "value": .string($0.value)] })
            },
            "body": record?.value.map { .string(String(buffer: $0)) },
        ])
    }
}
