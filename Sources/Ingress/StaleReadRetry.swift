import Directory
import OCPI

/// Asks a question of the newest snapshot, and again after catching up if a refusal may only be out of date: a token or a party that is
/// not known yet. Whatever was acknowledged before the question is then taken into account.
struct StaleReadRetry: Sendable {
    let dependencies: IngressDependencies
    let catchUpLimiter: CatchUpLimiter

    /// - Parameter isWorthwhile: `false` if newer state could not change a refusal.
    func ask<Answer>(
        isWorthwhile: Bool = true, _ question: (Directory) throws(OCPIError) -> Answer
    ) async throws(OCPIError) -> (answer: Answer, directory: Directory) {
        let directory = dependencies.directory()
        do {
            return (try question(directory), directory)
        } catch {
            guard isWorthwhile, error.kind == .unauthorized || isAboutReceiver(error) else { throw error }
        }
        // Whether it is out of date cannot be found out.
        if dependencies.isKafkaAway() { throw OCPIError.kafkaAway }
        // A question that was under way already may have missed what we look for; the second one cannot have.
        if await catchUpLimiter.run(dependencies.catchUp) == .joined {
            let newer = dependencies.directory()
            if let answer = try? question(newer) { return (answer, newer) }
            _ = await catchUpLimiter.run(dependencies.catchUp)
        }
        let newest = dependencies.directory()
        return (try question(newest), newest)
    }

    /// A party that is unknown or not connected may have connected a moment ago through another process.
    private func isAboutReceiver(_ error: OCPIError) -> Bool { error.code == .unknownReceiver || error.code == .connectionProblem }
}
