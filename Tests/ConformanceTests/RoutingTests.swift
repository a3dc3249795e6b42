import Testing

extension ConformanceTests {
    /// D. Routing, party to party
    @Suite struct D_Routing {
        @Test func r062_requestsAndResponsesCarryRoutingHeaders() async throws { try await meets(62) }
        @Test func r063_theRecipientSeesFromAndToOfTheRequest() async throws { try await meets(63) }
        @Test func r064_theResponseIsFromTheRecipientToTheRequester() async throws { try await meets(64) }
        /// Needs a second hub: the scenario tests send everything through two nodes and look at both ends.
        @Test func r065_twoHubsInARowChangeNothing() throws { try untried(65) }
        @Test func r066_configurationModulesHaveNoRoutingHeaders() async throws { try await meets(66) }
        @Test func r067_senderMustBeAPartyOfThePlatform() async throws { try await meets(67) }
        @Test func r068_halfARecipientIs2001() async throws { try await meets(68) }
        @Test func r069_lastUpdatedIsNotTouched() async throws { try await meets(69) }
        @Test func r070_unknownRecipientIs4001() async throws { try await meets(70) }
        @Test func r071_noAnswerInTimeIs4002() async throws { try await meets(71) }
        @Test func r072_recipientThatIsNotConnectedIs4003() async throws { try await meets(72) }
        @Test func r073_otherFailuresAre4000() async throws { try await meets(73) }
        @Test func r074_hubErrorsComeWithHTTP200() async throws { try await meets(74) }
        @Test func r075_errorsOfTheRecipientArriveUnchanged() async throws { try await meets(75) }
    }
}
