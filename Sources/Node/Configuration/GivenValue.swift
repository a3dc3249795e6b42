/// A value and its origin.
struct GivenValue: Sendable {
    let value: WrittenValue
    let origin: SettingOrigin
}
