import Testing

extension ConformanceTests {
    @Suite struct G_GetAll {
        @Test func r099_aListOfTheHubHasEverybodysObjects() async throws { try await meets(99) }
        @Test func r100_ownersInTheListStayAsTheyAre() async throws { try await meets(100) }
        @Test func r101_countsAndLinkDescribeTheWholeList() async throws { try await meets(101) }
        @Test func r102_whatMayNotBeSeenIsNeitherListedNorCounted() async throws { try await meets(102) }
        @Test func r103_aPartyThatFailsDoesNotGoUnnoticed() async throws { try await meets(103) }
    }
}
