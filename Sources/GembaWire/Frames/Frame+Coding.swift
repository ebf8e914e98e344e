extension Frame: WireCodable {
    /// The numbers of the message types.
    private enum MessageType: UInt64 {
        case hello = 0
        case root = 1
        case vector = 2
        case batch = 3
        case ack = 4
        case pulse = 5
        case bye = 6
        case offer = 7
        case answer = 8
        case fetch = 9
        case chunk = 10
        case pack = 11
        case backfill = 12
        case bodies = 13
        case compare = 14
        case statement = 15
        case announce = 19
        case tree = 20
        case trace = 18
    }

    /// Creates a frame from one message part.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Limits.frameBytes else { throw WireError(.tooLong, offset: Limits.frameBytes) }
        var decoder = CBORDecoder(bytes)
        try self.init(from: &decoder)
        try decoder.finish()
    }

    /// Appends `[type, session, …fields of the message]`.
    ///
    /// A frame of more than ``Limits/frameBytes`` is refused by every receiver: who fills a batch or a vector keeps it
    /// below.
    public func encode(into encoder: inout CBOREncoder) {
        switch message {
        case .hello(let message): encode(message, as: .hello, into: &encoder)
        case .root(let message): encode(message, as: .root, into: &encoder)
        case .vector(let message): encode(message, as: .vector, into: &encoder)
        case .batch(let message): encode(message, as: .batch, into: &encoder)
        case .ack(let message): encode(message, as: .ack, into: &encoder)
        case .pulse(let message): encode(message, as: .pulse, into: &encoder)
        case .bye(let message): encode(message, as: .bye, into: &encoder)
        case .offer(let message): encode(message, as: .offer, into: &encoder)
        case .answer(let message): encode(message, as: .answer, into: &encoder)
        case .fetch(let message): encode(message, as: .fetch, into: &encoder)
        case .chunk(let message): encode(message, as: .chunk, into: &encoder)
        case .pack(let message): encode(message, as: .pack, into: &encoder)
        case .backfill(let message): encode(message, as: .backfill, into: &encoder)
        case .bodies(let message): encode(message, as: .bodies, into: &encoder)
        case .compare(let message): encode(message, as: .compare, into: &encoder)
        case .statement(let message): encode(message, as: .statement, into: &encoder)
        case .announce(let message): encode(message, as: .announce, into: &encoder)
        case .tree(let message): encode(message, as: .tree, into: &encoder)
        case .trace(let message): encode(message, as: .trace, into: &encoder)
        }
    }

    private func encode(_ message: some MessageCodable, as type: MessageType, into encoder: inout CBOREncoder) {
        encoder.array(count: 2 + message.fieldCount)
        encoder.unsigned(type.rawValue)
        encoder.eightBytes(session.rawValue)
        message.encodeFields(into: &encoder)
    }

    /// Reads a frame.
    public init(from decoder: inout CBORDecoder) throws(WireError) {
        let count = try decoder.array()
        guard count >= 2 else { throw decoder.failure(.invalid("a frame has no type and session")) }
        guard let type = MessageType(rawValue: try decoder.unsigned()) else {
            throw decoder.failure(.invalid("the type of message is unknown"))
        }
        session = SessionID(rawValue: try decoder.eightBytes())
        let fields = count - 2
        message =
            switch type {
            case .hello: .hello(try Hello(fields: fields, from: &decoder))
            case .root: .root(try RootMessage(fields: fields, from: &decoder))
            case .vector: .vector(try VectorMessage(fields: fields, from: &decoder))
            case .batch: .batch(try BatchMessage(fields: fields, from: &decoder))
            case .ack: .ack(try AckMessage(fields: fields, from: &decoder))
            case .pulse: .pulse(try PulseMessage(fields: fields, from: &decoder))
            case .bye: .bye(try ByeMessage(fields: fields, from: &decoder))
            case .offer: .offer(try OfferMessage(fields: fields, from: &decoder))
            case .answer: .answer(try AnswerMessage(fields: fields, from: &decoder))
            case .fetch: .fetch(try FetchMessage(fields: fields, from: &decoder))
            case .chunk: .chunk(try ChunkMessage(fields: fields, from: &decoder))
            case .pack: .pack(try PackMessage(fields: fields, from: &decoder))
            case .backfill: .backfill(try BackfillMessage(fields: fields, from: &decoder))
            case .bodies: .bodies(try BodiesMessage(fields: fields, from: &decoder))
            case .compare: .compare(try CompareMessage(fields: fields, from: &decoder))
            case .statement: .statement(try StatementMessage(fields: fields, from: &decoder))
            case .announce: .announce(try AnnounceMessage(fields: fields, from: &decoder))
            case .tree: .tree(try TreeMessage(fields: fields, from: &decoder))
            case .trace: .trace(try TraceMessage(fields: fields, from: &decoder))
            }
    }
}

/// A message whose fields stand in the array of its frame.
protocol MessageCodable {
    /// How many items ``encodeFields(into:)`` writes.
    var fieldCount: Int { get }

    /// Appends the fields in their order.
    func encodeFields(into encoder: inout CBOREncoder)

    /// Reads the fields; `fields` is how many the frame has.
    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError)
}

extension CBORDecoder {
    /// Checks that a message has as many fields as its type prescribes.
    func expect(_ fields: Int, of expected: Int) throws(WireError) {
        guard fields == expected else { throw failure(.invalid("a message has another number of fields")) }
    }
}
