import ArgumentParser
import Directory
import Encoding
import OCPI
import Operations

/// Parses the options and formats the output of `ocn store`.
enum StoreText {
    static func rule(_ recipient: PartyID, _ module: String, _ method: String) throws -> StoreRule {
        do throws(StoreRuleError) {
            return try StoreRule(recipient: recipient, module: ModuleID(rawValue: module), method: Method(rawValue: method.uppercased()))
        } catch {
            throw ValidationError(OperatorText.printable(error.description))
        }
    }

    static func list(_ rules: [StoreRule], json: Bool) -> [String] {
        if json {
            let list = rules.map { rule -> JSONValue in
                [
                    "recipient": .string(rule.recipient.description), "module": .string(rule.module.rawValue),
                    "method": .string(rule.method.rawValue),
                ]
            }
            return [JSONValue.array(list).text]
        }
        guard !rules.isEmpty else { return ["Nothing is stored: every request goes straight to its recipient."] }
        return TextTable.lines(
            [["RECIPIENT", "MODULE", "METHOD"]] + rules.map { [$0.recipient.description, $0.module.rawValue, $0.method.rawValue] })
    }

    static func report(_ report: StoreRules.Report, json: Bool) -> [String] {
        json ? [report.json.text] : [report.description] + report.notes.map { "note: \($0)" }
    }
}
