import Testing

/// Everything that needs a broker, one test after another: they share two processors with the broker.
@Suite(.serialized) struct Integration {}
