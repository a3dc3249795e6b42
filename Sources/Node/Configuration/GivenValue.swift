/// A value and where it stands.
struct GivenValue: Sendable {
    let value: WrittenValue
    let origin: SettingOrigin
}
