import Directory
import Glibc
import OCPI
import Yams

/// A registry in a YAML file, for networks without a chain. Changes take effect within seconds; a file that cannot be read or
/// understood changes nothing.
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
package struct FileSource: RegistrySource {
    /// `file`.
    package let name = "file"
    private let path: String

    /// - Parameter path: the YAML file.
    package init(path: String) {
        self.path = path
    }

    /// Reads the file as it is now.
    package func entries() async throws(RegistryError) -> RegistryEntries {
        try FileSource.parse(try FileSource.read(path), path: path)
    }

    /// Reads the entries from YAML text.
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - path: its name, for messages.
    package static func parse(_ yaml: String, path: String) throws(RegistryError) -> RegistryEntries {
        let file: File
        do {
            file = try YAMLDecoder().decode(File.self, from: yaml)
        } catch {
            throw RegistryError("\(path): \(error)")
        }
        var entries = RegistryEntries()
        for (index, node) in (file.nodes ?? []).enumerated() {
            guard node.operator.isAddress else {
                throw RegistryError("\(path): nodes[\(index)].operator is no address (0x and 40 hex digits)")
            }
            guard URLJoin.origin(of: node.url) != nil else { throw RegistryError("\(path): nodes[\(index)].url is no http(s) URL") }
            entries.nodes.append(
                NetworkNode(
                    operatorAddress: node.operator, url: node.url, dialect: node.dialect ?? "ocn-1", isVerbatim: node.verbatim ?? false,
                    source: "file"))
        }
        for (index, entry) in (file.parties ?? []).enumerated() {
            guard entry.operator.isAddress else {
                throw RegistryError("\(path): parties[\(index)].operator is no address (0x and 40 hex digits)")
            }
            entries.parties.append(
                NetworkParty(
                    party: try party(entry.party, "\(path): parties[\(index)].party"), roles: entry.roles ?? [],
                    partyAddress: entry.address, operatorAddress: entry.operator, source: "file"))
        }
        for (index, entry) in (file.services ?? []).enumerated() {
            let at = "\(path): services[\(index)]"
            guard let delivery = ServiceDelivery(rawValue: entry.delivery ?? "push") else {
                throw RegistryError("\(at).delivery must be push or topic")
            }
            guard !entry.permissions.isEmpty else { throw RegistryError("\(at).permissions must not be empty") }
            entries.services.append(
                NetworkService(
                    provider: try party(entry.provider, "\(at).provider"), name: entry.name ?? "", url: entry.url,
                    permissions: entry.permissions, delivery: delivery, source: "file"))
        }
        for (index, entry) in (file.agreements ?? []).enumerated() {
            let at = "\(path): agreements[\(index)]"
            entries.agreements.append(
                Agreement(user: try party(entry.user, "\(at).user"), provider: try party(entry.provider, "\(at).provider"), source: "file"))
        }
        return entries
    }

    private static func party(_ text: String, _ place: String) throws(RegistryError) -> PartyID {
        guard let party = PartyID(text) else { throw RegistryError("\(place) must be like DE-CPO, not '\(text)'") }
        return party
    }

    private static func read(_ path: String) throws(RegistryError) -> String {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw RegistryError("cannot open \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else { throw RegistryError("cannot read \(path): \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw RegistryError("\(path) is not UTF-8") }
        return text
    }
}

private struct File: Decodable {
    struct Node: Decodable {
        let `operator`: String
        let url: String
        let dialect: String?
        let verbatim: Bool?
    }
    struct Party: Decodable {
        let party: String
        let roles: [String]?
        let address: String?
        let `operator`: String
    }
    struct Provider: Decodable {
        let provider: String
        let name: String?
        let url: String?
        let permissions: [Int]
        let delivery: String?
    }
    struct Consent: Decodable {
        let user: String
        let provider: String
    }
    let nodes: [Node]?
    let parties: [Party]?
    let services: [Provider]?
    let agreements: [Consent]?
}

extension String {
    /// Whether this is an Ethereum address: 0x and 40 hex digits.
    package var isAddress: Bool {
        hasPrefix("0x") && utf8.count == 42 && utf8.dropFirst(2).allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }
}
