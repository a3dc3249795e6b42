import Encoding
import Foundation
import Testing

@testable import Node

/// The table of settings, and the files that must match it.
@Suite struct SettingsTests {
    private let root = URL(filePath: #filePath).resolvingSymlinksInPath().appending(path: "../../..").standardizedFileURL

    private func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

    @Test func everySettingIsFoundAndWellDeclared() {
        #expect(Settings.all.count == Mirror(reflecting: Settings.table).children.count)
        #expect(Settings.byVariable["OCN_HTTP_PUBLIC_PORT"]?.key == "http.public.port")
        for setting in Settings.all {
            #expect(setting.key.contains(/^[a-z]+(\.[a-z]+)?\.[a-z_]+$/), "\(setting.key)")
            #expect(setting.help.first?.isUppercase == true || setting.help.hasPrefix("state:"), "\(setting.key)")
            #expect(setting.help.last == ".", "\(setting.key)")
            if case .value(let value) = setting.fallback {
                #expect(throws: Never.self, "the default of \(setting.key) can be read") { try setting.check(value) }
            }
        }
    }

    @Test(arguments: ["node.key", "node.secret", "node.previous_secrets", "node.admin_key", "kafka.properties"])
    func whatIsSecretIsDeclaredSo(key: String) throws {
        #expect(try #require(Settings.byKey[key]).isSecret)
    }

    @Test func documentationIsAsTheTableSays() throws {
        #expect(
            try text("Sources/Node/Node.docc/Configuration.md") == SettingsText.reference,
            "ocn config reference > Sources/Node/Node.docc/Configuration.md")
    }

    @Test func listsNameEverySetting() {
        for setting in Settings.all {
            #expect(SettingsText.list.contains("    \(setting.variable)"))
            #expect(SettingsText.json.contains("\"\(setting.key)\""))
        }
    }

    /// `Config/node.yaml` shows every setting in its section, used or commented out. If it shows another value than the default, or none,
    /// the comment contains the default.
    @Test func theExampleShowsEverySettingWithItsDefault() throws {
        let shown = try Example(try text("Config/node.yaml")).settings
        for setting in Settings.all {
            guard let place = shown[setting.key] else {
                Issue.record("Config/node.yaml does not show \(setting.key)")
                continue
            }
            switch setting.fallback {
            case .required: break
            case .value(let value):
                #expect(
                    place.value == value || place.comment.contains("Default: \(value.shown)"),
                    "Config/node.yaml does not say that \(setting.key) is \(value.shown) by default")
            case .leftOut: #expect(place.comment.contains("left out"), "Config/node.yaml does not say what happens without \(setting.key)")
            }
        }
    }

    @Test(arguments: [("Config/node.yaml", true), ("Config/worker.yaml", false), ("Deploy/production/node.yaml", false)])
    func theExamplesAreGood(path: String, isComplete: Bool) {
        let path = root.appending(path: path).path
        #expect(ConfigurationCheck(path: path, environment: nil).problems == [])
        #expect(ConfigurationCheck(path: path, environment: .environment([:])).problems.isEmpty == isComplete)
    }
}

/// The settings in a commented YAML file, including those that are commented out.
private struct Example {
    struct Place {
        /// The value in the file or in the comment.
        let value: WrittenValue
        /// The comment above it.
        let comment: String
    }

    private(set) var settings: [String: Place] = [:]

    init(_ text: String) throws {
        var sections: [(indent: Int, name: String)] = []
        var comment = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard let match = line.wholeMatch(of: /( *)(# )?([a-z_]+):( .*)?/) else {
                comment = String(line).trimmed.hasPrefix("#") ? comment + String(line).trimmed.dropFirst() + "\n" : ""
                continue
            }
            let indent = match.1.count
            sections.removeAll { $0.indent >= indent }
            let key = (sections.map(\.name) + [String(match.3)]).joined(separator: ".")
            if Settings.byKey[key] != nil {
                let given = try SettingSource.yaml("\(key):\(match.4 ?? "")", path: key).values[key]
                settings[key] = Place(value: try #require(given).value, comment: comment)
            } else if match.2 == nil {
                sections.append((indent, String(match.3)))
            } else {
                comment += String(line).trimmed.dropFirst() + "\n"
                continue
            }
            comment = ""
        }
    }
}
