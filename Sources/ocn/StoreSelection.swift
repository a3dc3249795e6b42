import ArgumentParser
import Directory
import Encoding
import OCPI
import Operations

/// The options that select a rule.
struct StoreSelection: ParsableArguments {
    @Option(help: ArgumentHelp("To whom, e.g. DE-MSP.", valueName: "CC-PID"), transform: RegistryCommand.party)
    var recipient: PartyID

    @Option(help: ArgumentHelp("locations, sessions, tariffs or tokens.", valueName: "module"))
    var module: String

    @Option(help: ArgumentHelp("PUT or DELETE.", valueName: "method"))
    var method: String

    @Flag(help: "Only say what would be done.") var dryRun = false

    func validate() throws { _ = try rule }

    var rule: StoreRule {
        get throws { try StoreText.rule(recipient, module, method) }
    }
}
