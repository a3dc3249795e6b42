import Encoding

/// Lists of all settings, as text, JSON and Markdown.
package enum SettingsText {
    /// Keys and defaults, for the help of `ocn node`.
    package static var overview: String {
        TextTable.lines(Settings.all.map { [$0.key, shortFallback($0)] }).joined(separator: "\n")
    }

    /// Every setting with its complete declaration.
    package static var list: [String] {
        Settings.all.flatMap { setting in
            [
                setting.key + (setting.isSecret ? "  (secret)" : ""),
                "    \(setting.help)",
                "    \(sentence(setting.allowed)). \(fallbackSentence(setting))",
                "    \(setting.variable)",
            ]
        }
    }

    /// The same as JSON.
    package static var json: String {
        JSONValue.array(
            Settings.all.map { setting in
                var isRequired = false
                var written: String?
                var meaning: String?
                switch setting.fallback {
                case .required: isRequired = true
                case .value(let value): written = value.shown
                case .leftOut(let text): meaning = text
                }
                return .object([
                    "key": .string(setting.key), "variable": .string(setting.variable), "allowed": .string(setting.allowed),
                    "required": .bool(isRequired), "default": written.map(JSONValue.string),
                    "if_left_out": meaning.map(JSONValue.string), "secret": .bool(setting.isSecret), "help": .string(setting.help),
                ])
            }
        ).text
    }

    /// Markdown: `Sources/Node/Node.docc/Configuration.md`, which a test compares with it.
    package static var reference: String {
        var lines = [
            "# Configuration", "",
            "Every setting of a node. Made by `ocn config reference`.", "",
            "## Overview", "",
            "A setting comes from a flag, else from its environment variable, else from the YAML file, else it has its default. Its variable is",
            "`OCN_` and the key in capitals with `_` for the dots: `OCN_HTTP_PUBLIC_PORT` for `http.public.port`. Where a list is wanted, flags and",
            "variables separate the entries with commas. In the file the dots of a key are sections, as in `Config/node.yaml`; text that begins with",
            "`#`, `!`, `&` or `*` is quoted there.", "",
            "Every value of every source is read strictly, also one that another source overrides: a wrong type, a value out of range, a key or an",
            "`OCN_…` variable that is no setting are errors, and `ocn config check FILE` tells them all without starting anything. Values of secrets",
            "are never shown.", "",
            "The key and the secrets that `Config/node.yaml` shows are public. A node whose URL, listeners or Kafka are not all on loopback refuses",
            "them, each by name.",
        ]
        var section = ""
        for setting in Settings.all {
            let next = String(setting.key.prefix { $0 != "." })
            if next != section {
                section = next
                lines += ["", "## \(section)", "", "| setting | default | allowed | meaning |", "|---|---|---|---|"]
            }
            let cells = [
                "`\(setting.key)`", reference(setting.fallback), setting.allowed, setting.help + (setting.isSecret ? " Secret." : ""),
            ]
            lines.append("| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func reference(_ fallback: SettingFallback) -> String {
        switch fallback {
        case .required: "required"
        case .value(let value): "`\(value.shown)`"
        case .leftOut(let meaning): meaning
        }
    }

    /// The effect of a missing setting, in a few words.
    static func shortFallback(_ setting: any SettingDeclaration) -> String {
        switch setting.fallback {
        case .required: "(required)"
        case .value(let value): value.shown
        case .leftOut(let meaning): "(\(meaning))"
        }
    }

    private static func fallbackSentence(_ setting: any SettingDeclaration) -> String {
        switch setting.fallback {
        case .required: "Required."
        case .value(let value): "Default: \(value.shown)"
        case .leftOut(let meaning): "If left out: \(meaning)."
        }
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
