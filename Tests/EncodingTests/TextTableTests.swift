import Encoding
import Testing

@Suite struct TextTableTests {
    @Test func columnsAreAsWideAsTheirWidestEntry() {
        #expect(TextTable.lines([["A", "BBB", "C"], ["AAA", "B", "CC"], ["x"]]) == ["A    BBB  C", "AAA  B    CC", "x"])
        #expect(TextTable.lines([]).isEmpty)
    }
}
