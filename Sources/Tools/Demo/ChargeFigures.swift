import Encoding

/// The figures of one charge as its CDR states them. They are literals, so that the invoice is compared with values that it did not
/// compute.
struct ChargeFigures: Sendable {
    let periods: [ChargePeriod]
    let kWh: String
    let hours: String
    let energy: CostFigures
    let time: CostFigures
    let total: CostFigures
}

extension ChargeFigures {
    /// Step 3: 18.437 kWh and 45.5 minutes at the first CPO, in two periods.
    static let evening = ChargeFigures(
        periods: [ChargePeriod(kWh: "12.000", hours: "0.5000"), ChargePeriod(kWh: "6.437", hours: "0.2583")], kWh: "18.437",
        hours: "0.7583", energy: CostFigures(net: "9.03", gross: "10.75"), time: CostFigures(net: "0.92", gross: "1.09"),
        total: CostFigures(net: "9.95", gross: "11.84"))
    /// Step 7: the charge at the second CPO.
    static let kade = ChargeFigures(
        periods: [ChargePeriod(kWh: "10.000", hours: "0.2500")], kWh: "10.000", hours: "0.2500",
        energy: CostFigures(net: "4.00", gross: "4.84"), time: CostFigures(net: "0.25", gross: "0.30"),
        total: CostFigures(net: "4.25", gross: "5.14"))
    /// Step 8: the wrong measurement.
    static let mistaken = ChargeFigures(
        periods: [ChargePeriod(kWh: "22.000", hours: "0.5000")], kWh: "22.000", hours: "0.5000",
        energy: CostFigures(net: "10.78", gross: "12.83"), time: CostFigures(net: "0.60", gross: "0.71"),
        total: CostFigures(net: "11.38", gross: "13.54"))
    /// Step 8: the corrected measurement.
    static let corrected = ChargeFigures(
        periods: [ChargePeriod(kWh: "21.000", hours: "0.5000")], kWh: "21.000", hours: "0.5000",
        energy: CostFigures(net: "10.29", gross: "12.25"), time: CostFigures(net: "0.60", gross: "0.71"),
        total: CostFigures(net: "10.89", gross: "12.96"))
}
