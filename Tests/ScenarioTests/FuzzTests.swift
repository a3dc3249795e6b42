import Encoding
import Foundation
import Support
import Testing

extension Scenarios {
    /// `ocn fuzz` as an operator runs it: a whole node, oversized inputs, and unexpected input on every surface.
    @Suite(.serialized) struct FuzzTests {
        @Test("no input ends a node, goes without its answer, or makes it grow", .timeLimit(.minutes(5)))
        func noInputHarmsANode() async throws {
            let seed = UInt32.random(in: .min ... .max)
            try await withTemporaryFolder { folder in
                let options = ["--seconds", "12", "--seed", "\(seed)", "--logs", folder.path]
                let (status, text) = try await RunningProgram.run(["fuzz", "--json"] + options)
                let json = try #require(text.split(separator: "\n").last { $0.hasPrefix("{") }, "\(text)")
                let result = try JSONValue.parse(String(json))
                let found = result["findings"]?.array ?? []
                #expect(
                    status == 0 && result["ok"]?.bool == true && found.isEmpty, "seed \(seed): \(found.map(\.text).joined(separator: "\n"))"
                )
                for surface in ["public", "node", "records"] {
                    #expect((result["cases"]?[surface]?.int ?? 0) >= 20, "\(surface): \(json)")
                }
                #expect((result["oversized"]?.int ?? 0) > 40, "\(json)")
                // One for each part of a copy that the node would send and that is too long.
                #expect(result["dead_letters"]?.int == 8, "\(json)")
                #expect((result["controls"]?.int ?? 0) >= 5, "\(json)")
            }
        }

        @Test func aCaseAloneNeedsItsSeedAndItsSurface() async throws {
            for options in [
                ["--case", "1"], ["--case", "1", "--surface", "node"], ["--case", "1", "--seed", "1"], ["--case", "-1"],
                ["--seconds", "0"],
            ] {
                let (status, text) = try await RunningProgram.run(["fuzz"] + options)
                #expect(status == 64 && text.contains("--"), "\(options): \(text)")
            }
        }
    }
}
