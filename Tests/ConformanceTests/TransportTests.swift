import Testing

extension ConformanceTests {
    /// A. Transport, authentication, envelope
    @Suite struct A_Transport {
        @Test func r001_aRequestWithoutTokenGets401() async throws { try await meets(1) }
        @Test func r002_aTokenThatNobodyHasGets401() async throws { try await meets(2) }
        @Test func r003_theHubSendsTheWordTokenOneSpaceAndTheToken() async throws { try await meets(3) }
        @Test func r004_theHubSendsItsTokenAsPaddedBase64() async throws { try await meets(4) }
        @Test func r005_aLineFeedInTheTokenIsAcceptedAndNeverSent() async throws { try await meets(5) }
        @Test func r006_peersWithPlainTokensAreServed() async throws { try await meets(6) }
        @Test func r007_tokensInCredentialsArePlainAndShort() async throws { try await meets(7) }
        @Test func r008_tokensArePrintableASCIIAndTheirCaseMatters() async throws { try await meets(8) }
        @Test func r009_noTokenIsIssuedTwice() async throws { try await meets(9) }
        @Test func r010_tokenAOpensConfigurationModulesOnly() async throws { try await meets(10) }
        @Test func r011_bodiesAreSentAsJSON() async throws { try await meets(11) }
        @Test func r012_headerNamesMatchWithoutCase() async throws { try await meets(12) }
        @Test func r013_everyResponseHasAnEnvelope() async throws { try await meets(13) }
        @Test func r014_httpErrorsHaveAnEnvelope() async throws { try await meets(14) }
        @Test func r015_timestampsAreUTC() async throws { try await meets(15) }
        @Test func r016_aBodyThatIsNotJSONGets400() async throws { try await meets(16) }
        @Test func r017_validRequestsGetNoHTTPError() async throws { try await meets(17) }
        @Test func r018_whatDoesNotExistGets404() async throws { try await meets(18) }
        @Test func r019_status200And201OfTheRecipientArePassedOn() async throws { try await meets(19) }
        @Test func r020_status201IsASuccess() async throws { try await meets(20) }
        @Test func r021_customStatusCodesAreNotUsed() async throws { try await meets(21) }
        @Test func r022_unspecifiedDataIsNotSentAndNotMinded() async throws { try await meets(22) }
        @Test func r023_unknownFieldsPass() async throws { try await meets(23) }
        @Test func r024_bodiesArriveByteForByte() async throws { try await meets(24) }
        @Test func r025_unknownEnumerationValuesPass() async throws { try await meets(25) }
        @Test func r026_partiesCompareWithoutCase() async throws { try await meets(26) }
        @Test func r027_noDataAvailablePasses() async throws { try await meets(27) }
        @Test func r028_emptyListsMayBeAbsentOrNull() async throws { try await meets(28) }
        @Test func r029_urlsOfTheHubHaveAtMost255Characters() async throws { try await meets(29) }
    }
}
