import Testing

/// Tests of whole nodes, one at a time: on few cores parallel ones would slow each other down beyond callers' deadlines.
@Suite(.serialized) enum Scenarios {}
