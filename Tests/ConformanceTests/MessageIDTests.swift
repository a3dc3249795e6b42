import Testing

extension ConformanceTests {
    @Suite struct I_MessageIDs {
        @Test func r114_requestIDsComeBack() async throws { try await meets(114) }
        @Test func r115_correlationIDsComeBack() async throws { try await meets(115) }
        @Test func r116_theRecipientSeesANewRequestID() async throws { try await meets(116) }
        @Test func r117_theRecipientSeesTheSameCorrelationID() async throws { try await meets(117) }
        @Test func r118_theAnswerHasTheRequestersOwnIDs() async throws { try await meets(118) }
        @Test func r119_everyCopyHasItsOwnRequestID() async throws { try await meets(119) }
        @Test func r120_missingIDsAreFilledIn() async throws { try await meets(120) }
        @Test func r121_configurationModulesHaveIDsToo() async throws { try await meets(121) }
    }
}
