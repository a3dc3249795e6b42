import Testing

extension ConformanceTests {
    @Suite struct K_Modules {
        @Test func r131_aPatchWithoutLastUpdatedIs2001() async throws { try await meets(131) }
        @Test func r132_nothingIsMergedFilledOrDropped() async throws { try await meets(132) }
        @Test func r133_aPatchAddressesTheWholeSession() async throws { try await meets(133) }
        @Test func r134_chargingPeriodsArriveOnce() async throws { try await meets(134) }
        @Test func r135_aPutOfASessionArrivesWhole() async throws { try await meets(135) }
        @Test func r136_aFailedPatchIsReportedNotRepaired() async throws { try await meets(136) }
        @Test func r137_postingACDRGivesItsLocation() async throws { try await meets(137) }
        @Test func r138_locationLeadsThroughTheHubForTheCPOOnly() async throws { try await meets(138) }
        @Test func r139_aCDRHasNoPutPatchDelete() async throws { try await meets(139) }
        @Test func r140_commandsAreAnsweredAtOnceAndByALaterResult() async throws { try await meets(140) }
        @Test func r141_responseURLLeadsThroughTheHub() async throws { try await meets(141) }
        @Test func r142_responseURLAcceptsMoreThanOneResult() async throws { try await meets(142) }
        @Test func r143_aLateResultIsDeliveredOnceAtMost() async throws { try await meets(143) }
        @Test func r144_responseURLsOfChargingProfilesWorkInQueryAndBody() async throws { try await meets(144) }
        @Test func r145_activeChargingProfilesGoToTheSenderEndpoint() async throws { try await meets(145) }
        @Test func r146_answersToChargingProfileResultsHaveNoData() async throws { try await meets(146) }
        @Test func r147_answersToAuthorizeArriveUnchanged() async throws { try await meets(147) }
        @Test func r148_aTokensTypeArrivesUnchanged() async throws { try await meets(148) }
        @Test func r149_chargingPreferencesGoToTheSenderInterface() async throws { try await meets(149) }
        @Test func r150_tariffsHavePutAndDeleteButNoPatch() async throws { try await meets(150) }
        @Test func r151_nothingIsQueuedForLater() async throws { try await meets(151) }
    }
}
