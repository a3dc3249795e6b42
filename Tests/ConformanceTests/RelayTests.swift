import Testing

extension ConformanceTests {
    @Suite struct D_Relay {
        @Test func r076_statusAndBodyOfTheRecipientArriveAsTheyWere() async throws { try await meets(76) }
        @Test func r077_ownersInURLsKeepTheirSpelling() async throws { try await meets(77) }
        @Test func r078_aForeignOwnerIsRefusedWith404OrLeftToTheRecipient() async throws { try await meets(78) }
        @Test func r079_differentIdsAreRefusedWith2001OrLeftToTheRecipient() async throws { try await meets(79) }
        @Test func r080_ownersInURLAndBodyStayEqual() async throws { try await meets(80) }
        @Test func r081_anInterfaceThatTheRecipientLacksIsNotCalled() async throws { try await meets(81) }
        @Test func r082_queriesAreForwardedByteForByte() async throws { try await meets(82) }
    }
}
