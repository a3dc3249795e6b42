import Foundation
import Testing

/// The reliability scenarios are known by number; `Deploy/kafka/README.md` lists them.
@Suite struct ScenarioNumbers {
    @Test func everyScenarioIsPlayedByATestOfItsName() throws {
        let tests = try Project.load().tests
        let played = tests.flatMap { Self.numbers($0.lines) }
        #expect(Set(played).sorted() == Array(1...40))
    }

    @Test func theTableListsEveryScenarioOnce() throws {
        let table = try String(contentsOf: Project.root().appending(path: "Deploy/kafka/README.md"), encoding: .utf8)
        let numbers = table.split(separator: "\n").compactMap { line -> Int? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return line.hasPrefix("|") && cells.count == 4 ? Int(cells[0]) : nil
        }
        #expect(numbers == Array(1...40))
    }

    @Test func anAttributeIsReadOnlyWhereItsNameBeginsSo() {
        #expect(
            Self.numbers([
                #"    @Test("Scenario 7: offsets hold")"#, "    @Test(", #"        "Scenario 12: text", .timeLimit(.minutes(5)))"#,
            ]) == [7, 12])
        for other in [
            #"@Test func scenario07()"#, #"@Test("As in Scenario 7: text")"#, #"// @Test("Scenario 7: text")"#, #""Scenario 7: text""#,
        ] {
            #expect(Self.numbers([other]).isEmpty)
        }
    }

    /// The numbers in `@Test("Scenario 12: …`, also where the name stands on a line of its own.
    private static func numbers(_ lines: [String]) -> [Int] {
        zip([""] + lines, lines).compactMap { before, line in
            let text = line.drop(while: \.isWhitespace)
            let opening = before.hasSuffix("@Test(") ? #""Scenario "# : #"@Test("Scenario "#
            guard text.hasPrefix(opening), let colon = text.firstIndex(of: ":") else { return nil }
            return Int(text.dropFirst(opening.count)[..<colon])
        }
    }
}
