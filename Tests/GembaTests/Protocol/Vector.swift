import Foundation
import GembaCausality
import GembaWire
import Testing

/// One case of the test vectors in `Protocol/vectors`, which another implementation made from the documents alone.
struct Vector: Sendable, CustomTestStringConvertible {
    let rule: String
    let name: String
    let isValid: Bool
    /// The class of what is wrong with an invalid case.
    let error: String?
    let fields: [String: JSONValue]

    var testDescription: String { "\(rule): \(name)" }

    /// The bytes that the case is about.
    var input: [UInt8] { get throws { try bytes("input") } }

    subscript(key: String) -> JSONValue { fields[key] ?? .null }

    func bytes(_ key: String) throws -> [UInt8] { try self[key].bytes() }

    func list(_ key: String) throws -> [JSONValue] { try #require(self[key].elements, "\(key) is no list") }

    func fixed<Value: FixedBytes>(_ key: String) throws -> Value { try self[key].fixed() }

    func text(_ key: String) throws -> String { try #require(self[key].text, "\(key) is no text") }

    func integer(_ key: String) throws -> Int64 { try #require(self[key].integer, "\(key) is no integer") }

    func sequence(_ key: String) throws -> SequenceNumber { SequenceNumber(try integer(key)) }
}

// MARK: - Files

extension Vector {
    /// The folder `Protocol/vectors`.
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Protocol/vectors").standardizedFileURL

    /// All cases of a file. A file that cannot be read has none, which ``VectorFileTests`` notices.
    static func all(in file: String) -> [Vector] { (try? load(file)) ?? [] }

    static func load(_ file: String) throws -> [Vector] {
        let data = try Data(contentsOf: folder.appending(path: "\(file).json"))
        let cases = try JSONDecoder().decode(JSONValue.self, from: data)["cases"].elements ?? []
        return try cases.map { value in
            guard case .object(var fields) = value, let rule = fields.removeValue(forKey: "rule")?.text,
                let name = fields.removeValue(forKey: "name")?.text,
                case .bool(let isValid)? = fields.removeValue(forKey: "valid")
            else { throw CocoaError(.propertyListReadCorrupt) }
            return Vector(rule: rule, name: name, isValid: isValid, error: fields["error"]?.text, fields: fields)
        }
    }
}

extension JSONValue {
    /// A byte string: hexadecimal, or pieces of it and repetitions.
    func bytes() throws -> [UInt8] {
        guard let pieces = self["packed"].elements else {
            let text = try #require(text, "no byte string")
            return try #require(Hexadecimal.decode(text), "no hexadecimal")
        }
        return try pieces.flatMap { (piece) throws -> [UInt8] in
            guard case .array(let repetition) = piece else { return try piece.bytes() }
            let count = try #require(repetition[1].integer)
            return [UInt8](repeating: try repetition[0].bytes()[0], count: Int(count))
        }
    }

    /// The same with all byte strings in hexadecimal, long ones too.
    func unpacked() -> JSONValue {
        switch self {
        case .array(let elements): .array(elements.map { $0.unpacked() })
        case .object(let fields):
            if fields["packed"] != nil, let bytes = try? bytes() {
                .hexadecimal(bytes)
            } else {
                .object(fields.mapValues { $0.unpacked() })
            }
        default: self
        }
    }

    /// An identifier; null is an error.
    func fixed<Value: FixedBytes>(_: Value.Type = Value.self) throws -> Value {
        let bytes = try bytes()
        return try #require(Value(bytes: bytes), "an identifier of \(bytes.count) bytes")
    }

    /// An identifier, or nil for null.
    func fixedOrNull<Value: FixedBytes>(_: Value.Type = Value.self) throws -> Value? {
        self == .null ? nil : try fixed()
    }

    var text: String? { if case .string(let value) = self { value } else { nil } }
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var elements: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    subscript(key: String) -> JSONValue { if case .object(let object) = self { object[key] ?? .null } else { .null } }
}

// MARK: - Expectations

extension Vector {
    /// Checks that decoding agrees with the case: a valid one decodes and encodes to the same bytes, an invalid one is
    /// refused for the reason given.
    ///
    /// - Returns: the decoded value of a valid case.
    @discardableResult
    func check<Value>(
        _ decode: ([UInt8]) throws(WireError) -> Value, encode: (Value) -> [UInt8]
    ) throws -> Value? {
        let input = try input
        do throws(WireError) {
            let value = try decode(input)
            #expect(isValid, "accepted, but \(error ?? "invalid")")
            #expect(encode(value) == input, "encoded in another way")
            return isValid ? value : nil
        } catch {
            #expect(!isValid, "refused: \(error)")
            #expect(error.reason.vectorClass == self.error, "refused for another reason: \(error)")
            return nil
        }
    }
}

extension WireError.Reason {
    /// The name of this reason in the vectors.
    var vectorClass: String {
        switch self {
        case .truncated: "truncated"
        case .trailingBytes: "trailingBytes"
        case .notDeterministic: "notDeterministic"
        case .wrongType: "wrongType"
        case .outOfRange: "outOfRange"
        case .tooDeep: "tooDeep"
        case .tooLong: "tooLong"
        case .unsupportedVersion: "unsupportedVersion"
        case .invalid: "invalid"
        }
    }
}
