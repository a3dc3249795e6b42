import Testing

extension ConformanceTests {
    @Suite struct H_Pagination {
        @Test func r104_listsTakeTimesOffsetAndLimit() async throws { try await meets(104) }
        @Test func r105_everyPageButTheLastHasALink() async throws { try await meets(105) }
        @Test func r106_theNextLinkKeepsTheFilters() async throws { try await meets(106) }
        @Test func r107_totalCountCountsWhatTheFiltersMatch() async throws { try await meets(107) }
        @Test func r108_limitIsTheServersMaximum() async throws { try await meets(108) }
        @Test func r109_linksLeadThroughTheHubAndCountsPassUnchanged() async throws { try await meets(109) }
        @Test func r110_aLinkIsItsRequestersOwnAndACrawlEnds() async throws { try await meets(110) }
        @Test func r111_objectsComeOldestFirst() async throws { try await meets(111) }
        @Test func r112_sessionsNeedDateFrom() async throws { try await meets(112) }
        @Test func r113_aLimitAboveTheMaximumIsLowered() async throws { try await meets(113) }
    }
}
