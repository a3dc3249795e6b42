import ArgumentParser
import Directory
import Encoding
import Kafka
import OCPI
import Operations
import Topics

/// The options that select dead letters.
struct DeadSelection: ParsableArguments {
    @Option(help: ArgumentHelp("Only copies for this service, e.g. DE-BIL.", valueName: "CC-PID"), transform: RegistryCommand.party)
    var recipient: PartyID?

    @Option(help: ArgumentHelp("Only causes that begin like this: expired, rejected, …", valueName: "text"))
    var cause: String?

    @Option(help: ArgumentHelp("Only copies given up at this time or later.", valueName: "time"), transform: OperatorText.time)
    var since: Timestamp?

    @Option(help: ArgumentHelp("Only copies given up before this time.", valueName: "time"), transform: OperatorText.time)
    var until: Timestamp?

    @Option(help: ArgumentHelp("Only the copy of this id.", valueName: "copy id"))
    var id: String?

    @Option(help: ArgumentHelp("At most this number, oldest first.", valueName: "number"))
    var limit: Int?

    func validate() throws {
        // An empty prefix matches every text, so an empty variable in a script would select everything.
        for (name, text) in [("--cause", cause), ("--id", id)] where text?.trimmed.isEmpty == true {
            throw ValidationError("\(name) is empty: give it a text, or leave it out")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let since, let until, since >= until { throw ValidationError("--since must be before --until") }
    }

    func filter(resolved: Bool = false) -> DeadLetterFilter {
        DeadLetterFilter(recipient: recipient, cause: cause, since: since, until: until, copyID: id, includesResolved: resolved)
    }
}
