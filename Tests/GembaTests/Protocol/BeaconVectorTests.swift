import GembaTrust
import GembaWire
import Testing

@Suite("Protocol vectors: beacons")
struct BeaconVectorTests {
    @Test("beacons as they are sent (11-discovery, section 1)", arguments: Vector.all(in: "beacons"))
    func beacons(_ vector: Vector) throws {
        let seal = BeaconSeal(of: try vector.fixed("plant"))
        let beacon = seal.open(try vector.input)
        #expect((beacon != nil) == vector.isValid)
        guard let beacon, vector.isValid else { return }
        #expect(.hexadecimal(beacon.encoded()) == vector["beacon"])
        #expect(
            .hexadecimal(
                Beacon.signedBytes(
                    station: beacon.station, counter: beacon.counter, endpoints: beacon.endpoints,
                    plant: try vector.fixed("plant"))) == vector["signed"])
        #expect(beacon.station.vectorDescription == vector["expected"]["station"])
        #expect(.integer(Int64(beacon.counter)) == vector["expected"]["counter"])
        #expect(.array(beacon.endpoints.map(JSONValue.string)) == vector["expected"]["endpoints"])
        #expect(seal.seal(beacon, nonce: try vector.bytes("nonce")) == (try vector.input))
    }
}
