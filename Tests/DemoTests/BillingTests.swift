import Encoding
import NIOCore
import OCPI
import Testing

@testable import Demo

@Suite struct BillingTests {
    private let customer = Customer(contractID: "FR-MSP-C1", name: "Camille Roux", address: "12 rue des Lilas, Lyon")

    private func cdr(
        periods: String = #"{"tariff_id":"T","dimensions":[{"type":"ENERGY","volume":18.437},{"type":"TIME","volume":0.7583}]}"#,
        components: String = """
        {"type":"ENERGY","price":0.49,"vat":19.0,"step_size":1},{"type":"TIME","price":1.20,"vat":19.0,"step_size":60}
        """,
        contract: String = "FR-MSP-C1", more: String = ""
    ) -> ByteBuffer {
        ByteBuffer(
            string: """
                {"id":"CDR-1","session_id":"SES-1","currency":"EUR","cdr_token":{"contract_id":"\(contract)"},\(more)
                "tariffs":[{"id":"T","elements":[{"price_components":[\(components)]}]}],"charging_periods":[\(periods)]}
                """)
    }

    private func invoice(_ cdr: ByteBuffer) throws -> Invoice { try Billing.invoice(for: cdr, customers: [customer]) }

    @Test func energyAndTimeMakeTwoLinesWithVAT() throws {
        let invoice = try invoice(cdr())
        #expect(
            invoice.lines == [
                InvoiceLine(kind: .energy, quantity: 18437, unitPrice: 4900, vatRate: 1900, net: 903),
                InvoiceLine(kind: .time, quantity: 2760, unitPrice: 12000, vatRate: 1900, net: 92),
            ])
        #expect(invoice.net == 995)
        #expect(invoice.vat == 189)
        #expect(invoice.total == 1184)
        #expect(invoice.totalText == "11.84 EUR")
        #expect(invoice.number == "INV-CDR-1")
    }

    @Test func stepSizeAppliesToTheSumOfThePeriods() throws {
        let invoice = try invoice(
            cdr(
                periods: """
                    {"tariff_id":"T","dimensions":[{"type":"TIME","volume":0.50}]},
                    {"tariff_id":"T","dimensions":[{"type":"TIME","volume":0.51}]}
                    """, components: #"{"type":"TIME","price":2,"vat":10,"step_size":900}"#))
        #expect(invoice.lines.map(\.quantity) == [4500])
        #expect(invoice.total == 275)
    }

    @Test func everyRateOfVATIsRoundedOnItsOwnSum() throws {
        let invoice = try invoice(
            cdr(
                periods: #"{"tariff_id":"T","dimensions":[{"type":"ENERGY","volume":1},{"type":"TIME","volume":1}]}"#,
                components: """
                    {"type":"ENERGY","price":1.05,"vat":10,"step_size":1},{"type":"TIME","price":0.25,"vat":6.0,"step_size":1}
                    """))
        // 10 % of 1.05 is 0.105, 6 % of 0.25 is 0.015: 0.11 and 0.02.
        #expect(invoice.vat == 13)
        #expect(invoice.total == 143)
    }

    @Test func aCreditCDRMakesANegativeCreditNote() throws {
        let invoice = try invoice(cdr(more: #""credit":true,"credit_reference_id":"CDR-0","#))
        #expect(invoice.lines.map(\.net) == [-903, -92])
        #expect(invoice.vat == -189)
        #expect(invoice.total == -1184)
        #expect(invoice.number == "CN-CDR-1")
        #expect(invoice.creditsCDR == "CDR-0")
        #expect(String(buffer: invoice.encoded()).contains(#""total":{"excl_vat":-9.95,"vat":-1.89,"incl_vat":-11.84}"#))
    }

    @Test func aComponentWithoutVATHasNone() throws {
        let invoice = try invoice(cdr(components: #"{"type":"ENERGY","price":0.5,"step_size":1000}"#))
        #expect(invoice.lines == [InvoiceLine(kind: .energy, quantity: 19000, unitPrice: 5000, vatRate: 0, net: 950)])
        #expect(invoice.total == 950)
    }

    @Test func theInvoiceIsWrittenWithDecimals() throws {
        #expect(
            String(buffer: try invoice(cdr()).encoded())
                == #"{"id":"INV-CDR-1","type":"INVOICE","cdr_id":"CDR-1","session_id":"SES-1","#
                + #""customer":{"contract_id":"FR-MSP-C1","name":"Camille Roux","address":"12 rue des Lilas, Lyon"},"currency":"EUR","#
                + #""lines":[{"type":"ENERGY","quantity":18437,"unit":"Wh","unit_price":0.4900,"price_per":"kWh","vat":19.00,"#
                + #""excl_vat":9.03},"#
                + #"{"type":"TIME","quantity":2760,"unit":"s","unit_price":1.2000,"price_per":"h","vat":19.00,"excl_vat":0.92}],"#
                + #""total":{"excl_vat":9.95,"vat":1.89,"incl_vat":11.84}}"#)
    }

    @Test func whatCannotBeBilledIsNamed() {
        #expect(throws: BillingError(description: "no customer has contract X")) { try invoice(cdr(contract: "X")) }
        #expect(throws: BillingError(description: "CDR CDR-1 has nothing that its tariffs price")) { try invoice(cdr(periods: "")) }
        #expect(throws: BillingError(description: "a charging period has no usable volume")) {
            try invoice(cdr(periods: #"{"tariff_id":"T","dimensions":[{"type":"ENERGY","volume":-1}]}"#))
        }
        #expect(throws: BillingError(description: "a charging period has no usable volume")) {
            try invoice(cdr(periods: #"{"tariff_id":"T","dimensions":[{"type":"ENERGY","volume":99999999999999999999}]}"#))
        }
        #expect(throws: BillingError(description: "tariff T has a price that cannot be read")) {
            try invoice(cdr(components: #"{"type":"ENERGY","price":0.49,"step_size":0}"#))
        }
    }

    @Test func theFiguresOfEverySampleCDRAddUp() throws {
        let cpo = try #require(PartyIDs.cpo)
        let driver = DriverToken(owner: try #require(PartyIDs.emsp))
        let market = try #require(DemoSite.stromladen(cpo).first)
        let quay = try #require(DemoSite.laadpunt(cpo).first)
        let samples: [(ChargeFigures, DemoSite)] = [
            (.evening, market), (.mistaken, market), (.corrected, market), (.kade, quay),
        ]
        for (figures, site) in samples {
            let charging = Charging(sessionID: "S", site: site, driver: driver, start: .now)
            let invoice = try Billing.invoice(
                for: charging.cdr(id: "C", figures, updated: .now),
                customers: [Customer(contractID: driver.contractID, name: "N", address: "A")])
            func cents(_ text: String) -> Int? { Decimal.scaled(text, places: 2) }
            #expect(invoice.lines.map(\.net) == [cents(figures.energy.net), cents(figures.time.net)])
            #expect(invoice.net == cents(figures.total.net))
            #expect(invoice.total == cents(figures.total.gross))
            let gross = try [figures.energy.gross, figures.time.gross].map { try #require(cents($0)) }
            #expect(gross.reduce(0, +) == invoice.total)
        }
    }
}

@Suite struct DecimalTests {
    @Test(arguments: [
        ("0.49", 4, 4900), ("18.437", 3, 18437), ("1", 2, 100), ("-1.005", 2, -101), ("0.004", 2, 0), ("0.005", 2, 1), ("12.", 2, nil),
        ("", 2, nil), ("1e3", 2, nil), ("--1", 2, nil), (".5", 2, nil), ("99999999999999999999", 2, nil),
    ])
    func textIsScaledAndRounded(text: String, places: Int, value: Int?) {
        #expect(Decimal.scaled(text, places: places) == value)
    }

    @Test func scaledIntegersBecomeText() {
        #expect(Decimal.text(1184, places: 2) == "11.84")
        #expect(Decimal.text(-5, places: 2) == "-0.05")
        #expect(Decimal.text(7, places: 0) == "7")
    }

    @Test func ratiosRoundHalfAwayFromZero() {
        #expect(Decimal.ratio(5, 1, over: 10) == 1)
        #expect(Decimal.ratio(4, 1, over: 10) == 0)
        #expect(Decimal.ratio(-5, 1, over: 10) == -1)
        #expect(Decimal.ratio(1, 1, over: 3) == 0)
        #expect(Decimal.ratio(2, 1, over: 3) == 1)
        #expect(Decimal.ratio(.max, 2, over: 1) == nil)
    }
}
