internal import GembaCausality

extension OfferMessage: MessageCodable {
    var fieldCount: Int { 2 }

    func encodeFields(into encoder: inout CBOREncoder) {
        signed.encode(into: &encoder)
        encoder.flag(isOnlyWay)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 2)
        self.init(signed: try SignedManifest(from: &decoder), isOnlyWay: try decoder.flag())
    }
}

extension AnswerMessage: MessageCodable {
    var fieldCount: Int { 2 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.fixed(checkpoint)
        encoder.unsigned(verdict.rawValue)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 2)
        let checkpoint = try decoder.fixed(CheckpointID.self)
        guard let verdict = Verdict(rawValue: try decoder.unsigned()) else { throw decoder.failure(.outOfRange) }
        self.init(checkpoint: checkpoint, verdict: verdict)
    }
}

extension FetchMessage: MessageCodable {
    var fieldCount: Int { 3 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.fixed(checkpoint)
        encoder.unsigned(first)
        encoder.unsigned(count)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 3)
        self.init(checkpoint: try decoder.fixed(), first: try decoder.unsigned(), count: try decoder.unsigned())
        guard first < UInt64(Limits.checkpointChunks), (1...UInt64(Limits.fetchedChunks)).contains(count) else {
            throw decoder.failure(.outOfRange)
        }
    }
}

extension ChunkMessage: MessageCodable {
    var fieldCount: Int { 4 }

    func encodeFields(into encoder: inout CBOREncoder) {
        encoder.fixed(checkpoint)
        encoder.unsigned(index)
        encoder.unsigned(UInt64(coding.rawValue))
        encoder.byteString(bytes)
    }

    init(fields: Int, from decoder: inout CBORDecoder) throws(WireError) {
        try decoder.expect(fields, of: 4)
        let (checkpoint, index) = (try decoder.fixed(CheckpointID.self), try decoder.unsigned())
        guard index < UInt64(Limits.checkpointChunks) else { throw decoder.failure(.outOfRange) }
        guard let coding = BodyCoding(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the coding is unknown"))
        }
        self.init(checkpoint: checkpoint, index: index, coding: coding, bytes: Array(try decoder.byteString()))
    }
}
