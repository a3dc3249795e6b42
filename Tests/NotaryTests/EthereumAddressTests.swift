import Encoding
import Notary
import Testing

@Suite struct EthereumAddressTests {
    /// The examples of EIP-55.
    static let checksummed = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
    ]

    @Test(arguments: checksummed) func checksumsAsInTheStandard(_ text: String) throws {
        for spelling in [text, text.lowercased(), "0x" + text.dropFirst(2).uppercased(), String(text.dropFirst(2))] {
            let address = try #require(EthereumAddress(hex: spelling))
            #expect(address.checksummed == text)
            #expect(address.hex == text.lowercased())
            #expect(address == EthereumAddress(bytes: address.bytes))
            #expect(!address.isZero)
        }
    }

    @Test(arguments: [
        "", "0x", "0x00", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed00",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
    ])
    func refusesOtherTexts(_ text: String) {
        #expect(EthereumAddress(hex: text) == nil)
    }

    @Test func zeroIsRecognised() throws {
        let zero = try #require(EthereumAddress(hex: "0x0000000000000000000000000000000000000000"))
        #expect(zero.isZero)
        #expect(zero == .zero)
    }
}
