internal import GembaCausality

extension TraceMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        precondition(!traces.isEmpty, "a message without traces")
        kind.encode(into: &encoder)
        encoder.unsigned(round)
        encoder.flag(asks)
        encoder.list(traces)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        kind = try LogKind(from: &decoder)
        round = try decoder.unsigned()
        asks = try decoder.flag()
        traces = try decoder.nonEmptyList(of: LogTrace.init(from:))
        guard traces.isStrictlyAscending(by: \.log) else {
            throw decoder.failure(.invalid("traces are not sorted by log, one for each"))
        }
        guard traces.reduce(0, { $0 + $1.points.count }) <= Limits.tracePoints else { throw decoder.failure(.tooLong) }
    }
}

extension LogTrace: WireCodable {
    /// Appends `[log, [+ [number, prefix]]]`.
    public func encode(into encoder: inout CBOREncoder) {
        precondition(!points.isEmpty && points.isStrictlyAscending(by: \.self), "points are not sorted, one each")
        encoder.array(count: 2)
        encoder.fixed(log)
        encoder.list(points)
    }

    /// Reads a trace.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        log = try decoder.fixed()
        points = try decoder.nonEmptyList(of: Point.init(from:))
        guard points.isStrictlyAscending(by: \.self) else {
            throw decoder.failure(.invalid("the points of a trace are not sorted by number and hash, one each"))
        }
    }
}

extension LogTrace.Point: WireCodable {
    /// Appends `[number, prefix]`.
    public func encode(into encoder: inout CBOREncoder) {
        encoder.array(count: 2)
        encoder.unsigned(sequence)
        encoder.fixed(prefix)
    }

    /// Reads a point.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.array(count: 2)
        self.init(sequence: try decoder.unsigned(), prefix: try decoder.fixed())
    }
}
