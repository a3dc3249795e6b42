import Testing

extension ConformanceTests {
    /// C. Credentials
    @Suite struct C_Credentials {
        @Test func r040_theHubCanBeSenderAndReceiverOfTheHandshake() async throws { try await meets(40) }
        @Test func r041_postCallsBackBeforeItAnswersWithTokenC() async throws { try await meets(41) }
        @Test func r042_tokenADiesWithTheRegistration() async throws { try await meets(42) }
        @Test func r043_aFailedCallBackIs3001() async throws { try await meets(43) }
        @Test func r044_aFailedRegistrationLeavesNoTrace() async throws { try await meets(44) }
        @Test func r045_noCommonVersionIs3002() async throws { try await meets(45) }
        @Test func r046_missingEndpointsAre3003() async throws { try await meets(46) }
        @Test func r047_postByARegisteredPlatformIs405() async throws { try await meets(47) }
        @Test func r048_putBeforeRegistrationIs405() async throws { try await meets(48) }
        @Test func r049_deleteBeforeRegistrationIs405() async throws { try await meets(49) }
        @Test func r050_putReadsEverythingAgainAndReplacesTheToken() async throws { try await meets(50) }
        @Test func r051_putAtAnotherVersionSwitchesToIt() async throws { try await meets(51) }
        @Test func r052_getCredentialsGivesTheHubsObject() async throws { try await meets(52) }
        @Test func r053_deleteEndsTrafficBothWays() async throws { try await meets(53) }
        @Test func r054_allPartiesOfAPlatformAreRoutable() async throws { try await meets(54) }
        @Test func r055_aTakenPartyCannotBeClaimed() async throws { try await meets(55) }
        @Test func r056_theHubsOnlyRoleIsHub() async throws { try await meets(56) }
        /// OCPI 2.3.0 only: neither 2.2 nor 2.2.1 has the field.
        @Test func r057_hubPartyIDOf230() throws { try untried(57) }
        /// OCPI 2.3.0 only: 2.2.1 asks for the opposite, see 56.
        @Test func r058_rolesOf230() throws { try untried(58) }
        /// OCPI 2.3.0 only: in 2.2 and 2.2.1 parties come and go by HubClientInfo, see 124.
        @Test func r059_announcementsOf230() throws { try untried(59) }
        @Test func r060_renewalLosesNoWork() async throws { try await meets(60) }
        @Test func r061_configurationModulesAreNeverRouted() async throws { try await meets(61) }
    }
}
