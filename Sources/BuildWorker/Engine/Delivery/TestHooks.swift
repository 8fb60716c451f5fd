internal import Clients
internal import RabbitMQ
internal import Workflow

#if TEST_HOOKS
    internal import Glibc

    /// Messages that end the worker on purpose, to see what becomes of them and of their neighbours, and peers that do. Debug builds only:
    /// tests use them, images have release builds.
    enum TestHooks {
        /// A container of this name ends the worker when the message is read.
        private static let killsReader = Array("\"test-hook/kills-reader\"".utf8)
        /// … and when it is read to tell its build, too.
        private static let killsEveryReader = Array("\"test-hook/kills-every-reader\"".utf8)
        /// … when it is handled.
        private static let killsHandler = "test-hook/kills-handler"
        /// … when it begins the step whose case's name follows, as `test-hook/kills-at-createPod`.
        private static let killsAt = "test-hook/kills-at-"
        /// Names a file. While there is one, every worker dies that begins the step whose case's name is in it.
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
