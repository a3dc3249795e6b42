extension Int {
    /// A number as it is usually written: `010`, `+8` and `1_000` mean different things to different readers.
    package init?(strictly text: String) {
        guard let number = Int(text), String(number) == text else { return nil }
        self = number
    }
}
