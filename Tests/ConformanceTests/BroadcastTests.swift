import Testing

extension ConformanceTests {
    @Suite struct E_Broadcast {
        @Test func r083_aWriteToTheHubIsABroadcast() async throws { try await meets(83) }
        @Test func r084_theHubAnswersABroadcastItself() async throws { try await meets(84) }
        @Test func r085_everyCopyIsFromTheHubToOneRecipient() async throws { try await meets(85) }
        @Test func r086_recipientsHaveTheOppositeRoleAndTheModule() async throws { try await meets(86) }
        @Test func r087_theSenderGetsNoCopyOfItsOwn() async throws { try await meets(87) }
        @Test func r088_failuresOfRecipientsAreNotReported() async throws { try await meets(88) }
        @Test func r089_aGetCannotBeBroadcast() async throws { try await meets(89) }
        @Test func r090_sessionsAndCDRsAreNotBroadcast() async throws { try await meets(90) }
        @Test func r091_aTariffIsWithdrawnByABroadcast() async throws { try await meets(91) }
        @Test func r092_nothingIsKeptForPartiesThatAreNotConnected() async throws { try await meets(92) }
    }
}
