import Testing

extension ConformanceTests {
    /// B. Versions and version details
    @Suite struct B_Versions {
        @Test func r030_versionsAreListed() async throws { try await meets(30) }
        @Test func r031_versionDetailsListEndpoints() async throws { try await meets(31) }
        @Test func r032_advertisedURLsAreAbsolute() async throws { try await meets(32) }
        @Test func r033_everyModuleIsAdvertisedForBothRoles() async throws { try await meets(33) }
        @Test func r034_theRoleOfCredentialsIsSenderAndIgnored() async throws { try await meets(34) }
        @Test func r035_endpointURLsAreDiscovered() async throws { try await meets(35) }
        @Test func r036_urlsAreJoinedWithAndWithoutSlash() async throws { try await meets(36) }
        @Test func r037_theHighestMutualVersionIsChosen() async throws { try await meets(37) }
        @Test func r038_unknownModulesOfAPeerAreTolerated() async throws { try await meets(38) }
        @Test func r039_putCredentialsAnnouncesChangedEndpoints() async throws { try await meets(39) }
    }
}
