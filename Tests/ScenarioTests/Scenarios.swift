import Testing

/// Whole nodes, one world at a time: on few cores they would take each other's time, and a caller's deadline is a deadline.
@Suite(.serialized) enum Scenarios {}
