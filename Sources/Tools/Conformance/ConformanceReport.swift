import Encoding

/// The results of all requirements, as text and as JSON.
package struct ConformanceReport: Sendable {
    private let findings: [Finding]
    private let color: Bool

    /// - Parameters:
    ///   - findings: in any order.
    ///   - color: with ANSI colours.
    package init(_ findings: [Finding], color: Bool = false) {
        self.findings = findings.sorted { $0.requirement.number < $1.requirement.number }
        self.color = color
    }

    /// Whether all requirements of level M are met.
    package var isPassed: Bool { unmet(.must) == 0 }

    /// The table by section, with reasons, followed by the summary.
    package var table: [String] {
        var lines: [String] = []
        for section in Requirement.Section.allCases {
            let own = findings.filter { $0.requirement.section == section }
            guard !own.isEmpty else { continue }
            if !lines.isEmpty { lines.append("") }
            lines.append("\(section.rawValue). \(section.title)")
            lines += own.flatMap(row)
        }
        return lines + ["", summary]
    }

    /// `151 requirements: 139 met, 0 not met (0 M, 0 S, 0 D), 12 not tried`.
    package var summary: String {
        let levels = Requirement.Level.allCases.map { "\(unmet($0)) \($0.rawValue)" }.joined(separator: ", ")
        let skipped = findings.count(where: \.isSkipped)
        let failed = findings.count(where: \.isUnmet)
        return "\(findings.count) requirements: \(met) met, \(failed) not met (\(levels)), \(skipped) not tried"
    }

    /// One JSON object per requirement and one for the summary.
    package var json: [String] {
        let levels = Requirement.Level.allCases.map { JSONMember(name: $0.rawValue, value: .int(unmet($0))) }
        let summary = JSONValue.object([
            "event": "summary", "ok": .bool(isPassed), "requirements": .int(findings.count), "met": .int(met), "unmet": .object(levels),
        ])
        return findings.map { Self.json($0).text } + [summary.text]
    }

    /// One line about one requirement, as progress output.
    package static func progress(_ finding: Finding) -> String {
        let requirement = finding.requirement
        let seconds = Double(finding.duration.components.seconds) + Double(finding.duration.components.attoseconds) / 1e18
        let time = (seconds * 10).rounded() / 10
        return "\(padded(requirement.number)) \(requirement.level.rawValue) \(word(finding.outcome)) \(requirement.title) (\(time) s)"
    }

    private var met: Int { findings.count(where: { $0.outcome == .met }) }

    private func unmet(_ level: Requirement.Level) -> Int {
        findings.count(where: { $0.isUnmet && $0.requirement.level == level })
    }

    private func row(_ finding: Finding) -> [String] {
        let requirement = finding.requirement
        let word = painted(finding.outcome)
        let first = "\(Self.padded(requirement.number))  \(requirement.level.rawValue)  \(word)  \(requirement.title)"
        switch finding.outcome {
        case .met: return [first]
        case .unmet(let reason), .skipped(let reason): return [first, String(repeating: " ", count: 17) + reason]
        }
    }

    private func painted(_ outcome: Finding.Outcome) -> String {
        let word = Self.word(outcome)
        guard color else { return word }
        return switch outcome {
        case .met: "\u{1B}[32m\(word)\u{1B}[0m"
        case .unmet: "\u{1B}[1;31m\(word)\u{1B}[0m"
        case .skipped: "\u{1B}[2m\(word)\u{1B}[0m"
        }
    }

    /// The word for an outcome, padded to a common width.
    private static func word(_ outcome: Finding.Outcome) -> String {
        switch outcome {
        case .met: "pass   "
        case .unmet: "FAIL   "
        case .skipped: "skipped"
        }
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 3 - text.count)) + text
    }

    private static func json(_ finding: Finding) -> JSONValue {
        let (outcome, reason): (String, String?) =
            switch finding.outcome {
            case .met: ("met", nil)
            case .unmet(let reason): ("unmet", reason)
            case .skipped(let reason): ("skipped", reason)
            }
        let milliseconds = finding.duration.components.seconds * 1000 + finding.duration.components.attoseconds / 1_000_000_000_000_000
        return .object([
            "event": "requirement", "number": .int(finding.requirement.number), "level": .string(finding.requirement.level.rawValue),
            "section": .string(finding.requirement.section.rawValue), "title": .string(finding.requirement.title),
            "outcome": .string(outcome), "reason": reason.map(JSONValue.string), "milliseconds": .int(milliseconds),
        ])
    }
}
