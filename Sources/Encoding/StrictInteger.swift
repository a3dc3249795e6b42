extension Int {
    /// Parses a number in its usual form. Refuses `010`, `+8` and `1_000`, which readers interpret differently.
    package init?(strictly text: String) {
        guard let number = Int(text), String(number) == text else { return nil }
        self = number
    }
}
