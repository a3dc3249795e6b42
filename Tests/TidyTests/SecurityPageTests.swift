import Foundation
import Testing

/// The threat model names the tests that hold the program to it.
@Suite struct SecurityPageTests {
    private let root = URL(filePath: #filePath).resolvingSymlinksInPath().appending(path: "../../..").standardizedFileURL

    @Test func everyTestThatThePageNamesIsThere() throws {
        let page = try String(contentsOf: root.appending(path: ".github/SECURITY.md"), encoding: .utf8)
        let names = Set(page.matches(of: /`([A-Z]\w+Tests)\/(\w+)`/).map { "\($0.1)/\($0.2)" })
        #expect(names.count > 20)
        for name in names.sorted() {
            #expect(FileManager.default.fileExists(atPath: root.appending(path: "Tests/\(name).swift").path), "\(name)")
        }
    }
}
