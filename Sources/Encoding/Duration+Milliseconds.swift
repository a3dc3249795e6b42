extension Duration {
    /// Whole milliseconds, rounded towards zero; stops at the ends of the range.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isTooMuch) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, isCarried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return isTooMuch || isCarried ? (seconds < 0 ? .min : .max) : sum
    }
}
