import Encoding
import Testing

struct SimilarNamesTests {
    @Test(arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("url", "urll", 1), ("abc", "xyz", 3)])
    func distanceCountsLetters(left: String, right: String, distance: Int) {
        #expect(SimilarNames.distance(left, right) == distance)
        #expect(SimilarNames.distance(right, left) == distance)
    }

    @Test func similarNamesAreSuggested() {
        #expect(SimilarNames.names(to: "partys", among: ["parties", "nodes", "party"]) == ["party"])
        #expect(SimilarNames.names(to: "NAME", among: ["name", "url"]) == ["name"], "case does not count")
        #expect(SimilarNames.names(to: "role", among: ["roles", "rolf", "url"]) == ["roles", "rolf"])
        #expect(SimilarNames.names(to: "anything", among: ["name", "url"]).isEmpty)
        #expect(SimilarNames.names(to: String(repeating: "x", count: 1_000_000), among: ["name", "url"]).isEmpty, "at once")
        #expect(SimilarNames.question(["a", "b"]) == "; did you mean a or b?")
    }
}
