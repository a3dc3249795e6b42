import ArgumentParser
import Node

/// `ocn config`: lists the settings and checks a configuration.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check a node's configuration, or list all settings.",
        discussion: """
            Settings come from flags, then OCN_… environment variables, then the YAML file; earlier ones win. All are read strictly: what is \
            not understood is an error and nothing is started.
            """,
        subcommands: [Check.self, List.self, Reference.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a node could start with a configuration file and this environment.",
            discussion: """
                Tells every problem and fails if there is one. Needs no Kafka and changes nothing. Says which source wins where several give \
                a setting.
                """)
        @Argument(help: ArgumentHelp("YAML configuration file; without one the environment alone is checked.", valueName: "path"))
        var file: String?

        @Flag(help: "Look at the file alone: the environment does not count and may give later what is missing.") var fileOnly = false
        @Flag(help: "Print every setting with its value and where it comes from, except values of secrets.") var all = false
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            if fileOnly, file == nil { throw ValidationError("--file-only needs a file") }
        }

        func run() throws {
            let check = ConfigurationCheck(path: file, environment: fileOnly ? nil : .environment)
            if json {
                print(check.json)
            } else {
                for line in check.lines(all: all) { print(line) }
            }
            if !check.problems.isEmpty { throw ExitCode.failure }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every setting: what it does, what may be written, its default, its environment variable.")
        @Flag(help: "Print JSON.") var json = false

        func run() {
            if json {
                print(SettingsText.json)
            } else {
                for line in SettingsText.list { print(line) }
            }
        }
    }

    struct Reference: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the documentation of all settings as Markdown.")

        func run() { print(SettingsText.reference, terminator: "") }
    }
}
