import ArgumentParser
import Conformance
import Glibc
import OCPI

/// Parses the text options of `ocn conformance`.
enum ConformanceOptions {
    /// Parses `1,2,70-75`; nil means all.
    static func numbers(_ text: String?) throws -> [Int] {
        guard let text else { return Requirement.all.map(\.number) }
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                Requirement.numbered(first) != nil, Requirement.numbered(last) != nil
            else { throw ValidationError("'\(part)' is no requirement: write numbers from 1 to \(Requirement.all.count) like 1,2,70-75") }
            numbers += first...last
        }
        return numbers
    }

    static func version(_ text: String) throws -> OCPIVersion {
        guard let version = OCPIVersion(rawValue: text) else { throw ValidationError("there is no version '\(text)' here: 2.2.1 or 2.2") }
        return version
    }

    /// Parses `DE-CPA=token`.
    static func tokens(_ entries: [String]) throws -> [PartyID: Token] {
        var tokens: [PartyID: Token] = [:]
        for entry in entries {
            guard let sign = entry.firstIndex(of: "="), let party = PartyID(entry[..<sign]), entry.index(after: sign) < entry.endIndex
            else { throw ValidationError("--token-a is written like DE-CPA=token") }
            tokens[party] = Token(String(entry[entry.index(after: sign)...]))
        }
        return tokens
    }

    /// Parses `cpo=NL-ABC`.
    static func participants(_ entries: [String]) throws -> Participants {
        guard var participants = Participants.usual else { throw ValidationError("the usual parties cannot be read") }
        let places: [String: WritableKeyPath<Participants, PartyID>] = [
            "cpo": \.cpo, "other-cpo": \.otherCPO, "emsp": \.emsp, "other-emsp": \.otherEMSP, "both": \.both, "sibling": \.sibling,
            "spare": \.spare, "absent": \.absent, "unknown": \.unknown,
        ]
        for entry in entries {
            guard let sign = entry.firstIndex(of: "="), let place = places[String(entry[..<sign])],
                let party = PartyID(entry[entry.index(after: sign)...])
            else {
                throw ValidationError(
                    "'\(entry)': write one of \(places.keys.sorted().joined(separator: ", ")) and a party, like cpo=NL-ABC")
            }
            participants[keyPath: place] = party
        }
        guard Set(participants.listed + [participants.unknown]).count == participants.listed.count + 1 else {
            throw ValidationError("every party needs an id of its own")
        }
        return participants
    }
}
