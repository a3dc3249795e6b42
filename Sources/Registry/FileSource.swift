package import Directory
import Encoding

/// A registry in a YAML file, for networks without a chain. Changes take effect within seconds; a file that cannot be read or has any fault
/// changes nothing. An empty list is written `[]`; text that begins with `#`, `!`, `&` or `*` is quoted.
///
/// ```yaml
/// nodes:
///   - operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4"
///     url: https://node.example
///     verbatim: true          # it runs this program too: bodies go to it untouched
/// parties:
///   - party: DE-CPO
///     roles: [CPO]
///     operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4"
/// services:
///   - provider: DE-BIL
///     name: Billing
///     permissions: [8]
///     delivery: push          # or topic
/// agreements:
///   - user: DE-CPO
///     provider: DE-BIL
/// ```
package struct FileSource: Sendable {
    /// The source's name, `file`.
    package let name = RegistryFile.source
    private let path: String

    /// - Parameter path: the YAML file.
    package init(path: String) {
        self.path = path
    }

    /// Reads the present file.
    package func entries(beside directory: Directory) async throws(RegistryError) -> RegistryEntries {
        try entries(beside: KnownEntries(directory, except: name))
    }

    /// Reads the present file.
    /// - Parameter known: further entries to which the file's may refer.
    package func entries(beside known: KnownEntries = KnownEntries()) throws(RegistryError) -> RegistryEntries {
        try FileSource.parse(try FileSource.read(path), path: path, beside: known)
    }

    /// Parses and checks entries in YAML.
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - path: its name, for messages.
    ///   - known: further entries to which the file's may refer.
    /// - Throws: all faults, by line: `registry.yaml:7: parties[1].operator …`.
    package static func parse(
        _ yaml: String, path: String, beside known: KnownEntries = KnownEntries()
    ) throws(RegistryError) -> RegistryEntries {
        let file = RegistryFile(yaml)
        var known = known
        known.add(file.incomplete)
        let findings = file.findings + RegistryCheck.problems(in: file.entries, beside: known).map(file.finding)
        guard findings.isEmpty else {
            let ordered = findings.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
            throw RegistryError(problems: ordered.map { "\(path):\($0.line.map { "\($0):" } ?? "") \($0.text)" })
        }
        return file.entries
    }

    private static func read(_ path: String) throws(RegistryError) -> String {
        do throws(TextFile.Failure) {
            return try TextFile.read(path)
        } catch {
            throw RegistryError(error.description)
        }
    }
}
