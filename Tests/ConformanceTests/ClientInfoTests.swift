import Testing

extension ConformanceTests {
    @Suite struct J_ClientInfo {
        @Test func r122_hubClientInfoIsAPaginatedListWithFilters() async throws { try await meets(122) }
        @Test func r123_clientInfoHasItsFiveFields() async throws { try await meets(123) }
        @Test func r124_changesArePushedByPut() async throws { try await meets(124) }
        @Test func r125_thereIsNoDeletePatchOrPost() async throws { try await meets(125) }
        @Test func r126_aSilentPartyIsAskedAndGoesOffline() async throws { try await meets(126) }
        /// OCPI allows a hub to show PLANNED where two parties have no contract; there is no contract between parties that a hub could see.
        @Test func r127_partiesWithoutContractAreShownAsTheyAre() throws { try untried(127) }
        @Test func r128_partiesThatAreNotConnectedAreNotCalled() async throws { try await meets(128) }
        @Test func r129_hubClientInfoHasNoRoutingHeaders() async throws { try await meets(129) }
        /// OCPI allows a hub to read back what it pushed; not doing so breaks nothing.
        @Test func r130_whatWasPushedIsNotReadBack() throws { try untried(130) }
    }
}
