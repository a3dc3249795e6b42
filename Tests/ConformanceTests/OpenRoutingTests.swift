import Testing

extension ConformanceTests {
    @Suite struct F_OpenRouting {
        @Test func r093_withoutTOTheHubDecides() async throws { try await meets(93) }
        @Test func r094_theForwardedRequestHasTheTOThatWasFound() async throws { try await meets(94) }
        @Test func r095_theAnswerIsFromThePartyThatAnswered() async throws { try await meets(95) }
        @Test func r096_openRoutingWorksForAllMethodsButNotForLists() async throws { try await meets(96) }
        @Test func r097_withoutADestinationAGetIs4001() async throws { try await meets(97) }
        @Test func r098_onlyWhatTheModuleDefinesDecides() async throws { try await meets(98) }
    }
}
