internal import Clients
internal import RabbitMQ
internal import Workflow

#if TEST_HOOKS
    internal import Glibc

    /// Messages that crash the worker on purpose, to test quarantine. Debug builds only; images have release builds.
    enum TestHooks {
        /// A container of this name crashes the worker when the message is decoded.
        private static let killsReader = Array("\"test-hook/kills-reader\"".utf8)
        /// Crashes also when the build is failed.
        private static let killsEveryReader = Array("\"test-hook/kills-every-reader\"".utf8)
        /// Crashes when processed.
        private static let killsHandler = "test-hook/kills-handler"
        /// Crashes at the step named by the suffix, as in `test-hook/kills-at-createPod`.
        private static let killsAt = "test-hook/kills-at-"
        /// Names a file. While it exists, every worker crashes at the step whose case name it contains.
        private static let peer = "TEST_HOOK_PEER"

        static func read(_ delivery: Delivery) {
            if delivery.body.firstRange(of: self.killsReader) != nil { self.die() }
            self.readPoison(delivery)
        }

        static func readPoison(_ delivery: Delivery) {
            if delivery.body.firstRange(of: self.killsEveryReader) != nil { self.die() }
        }

        static func handle(_ context: DeliveryContext) {
            if context.build?.container == self.killsHandler { self.die() }
        }

        static func begin(_ step: HandlingStep, _ context: DeliveryContext) {
            if context.build?.container == "\(self.killsAt)\(step)" { self.die() }
            guard let path = getenv(self.peer).map({ String(cString: $0) }), let file = fopen(path, "r") else { return }
            defer { fclose(file) }
            var name = [CChar](repeating: 0, count: 64)
            if fgets(&name, Int32(name.count), file) != nil,
                name.withUnsafeBufferPointer({ String(cString: $0.baseAddress!) }) == "\(step)"
            {
                self.die()
            }
        }

        private static func die() -> Never {
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }
#endif
