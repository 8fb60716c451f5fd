import BuildWorker
import Foundation
import Support

/// A recorded document of `/status`: a worker in an outage, with values that try to be markup.
enum StatusFixture {
    static func document() throws -> JSONValue {
        try JSONValue(
            parsing: Data(contentsOf: Bundle.module.resourceURL!.appendingPathComponent("Fixtures/status.json")))
    }
}
