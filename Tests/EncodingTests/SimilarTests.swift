import Encoding
import Testing

struct SimilarTests {
    @Test(arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("url", "urll", 1), ("abc", "xyz", 3)])
    func distanceCountsLetters(left: String, right: String, distance: Int) {
        #expect(Similar.distance(left, right) == distance)
        #expect(Similar.distance(right, left) == distance)
    }

    @Test func namesThatDifferInAFewLettersAreMeant() {
        #expect(Similar.names(to: "partys", among: ["parties", "nodes", "party"]) == ["party"])
        #expect(Similar.names(to: "NAME", among: ["name", "url"]) == ["name"], "case does not count")
        #expect(Similar.names(to: "role", among: ["roles", "rolf", "url"]) == ["roles", "rolf"])
        #expect(Similar.names(to: "anything", among: ["name", "url"]).isEmpty)
        #expect(Similar.names(to: String(repeating: "x", count: 1_000_000), among: ["name", "url"]).isEmpty, "at once")
        #expect(Similar.question(["a", "b"]) == "; did you mean a or b?")
    }
}
