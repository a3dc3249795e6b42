extension AsyncStream<Void> {
    /// Waits until the stream ends, `limit` has passed, or the task is cancelled.
    package func ends(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
