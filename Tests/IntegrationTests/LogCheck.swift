import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

/// What every log of the worker must be like, whatever the test was about.
enum LogCheck {
    static func holds(_ worker: WorkerProcess) throws {
        let text = worker.child.output + worker.child.errors
        for secret in [Stage.secret, BuildToken.beginning, "somethingNew", "run.sh"] + worker.secrets {
            #expect(!text.contains(secret), "the log shows \(secret)")
        }
        for line in try worker.log() {
            let names = (line.members ?? []).map(\.name)
            #expect(names.prefix(3) == ["timestamp", "level", "message"], "\(line.text())")
        }
    }
}
