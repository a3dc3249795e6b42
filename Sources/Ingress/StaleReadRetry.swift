import Directory
import OCPI

/// Evaluates a request against the newest snapshot, and again after catching up if the refusal may be due to an outdated state: a token or
/// a party that is not known yet. Everything that was acknowledged before the call is then taken into account.
struct StaleReadRetry: Sendable {
    let dependencies: IngressDependencies
    let catchUpLimiter: CatchUpLimiter

    /// - Parameter isWorthwhile: returns `false` if newer state could not change a refusal.
    func ask<Answer>(
        isWorthwhile: Bool = true, _ question: (Directory) throws(OCPIError) -> Answer
    ) async throws(OCPIError) -> (answer: Answer, directory: Directory) {
        let directory = dependencies.directory()
        do {
            return (try question(directory), directory)
        } catch {
            guard isWorthwhile, error.kind == .unauthorized || isAboutReceiver(error) else { throw error }
        }
        // It cannot be determined whether the state is outdated.
        if dependencies.isKafkaUnavailable() { throw OCPIError.kafkaUnavailable }
        // A read that was already running may have missed the change; the second one includes it.
        if await catchUpLimiter.run(dependencies.catchUp) == .joined {
            let newer = dependencies.directory()
            if let answer = try? question(newer) { return (answer, newer) }
            _ = await catchUpLimiter.run(dependencies.catchUp)
        }
        let newest = dependencies.directory()
        return (try question(newest), newest)
    }

    /// A party that is unknown or not connected may just have connected through another process.
    private func isAboutReceiver(_ error: OCPIError) -> Bool { error.code == .unknownReceiver || error.code == .connectionProblem }
}
