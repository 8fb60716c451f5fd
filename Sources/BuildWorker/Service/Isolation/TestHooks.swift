#if TEST_HOOKS
    internal import Glibc

    /// Messages that end the worker on purpose, to see what becomes of them and of their neighbours. Debug builds only: tests use
    /// them, images have release builds.
    enum TestHooks {
        /// A container of this name ends the worker when the message is read.
        private static let killsReader = Array("\"test-hook/kills-reader\"".utf8)
        /// … and when it is read to tell its build, too.
        private static let killsEveryReader = Array("\"test-hook/kills-every-reader\"".utf8)
        /// … when it is handled.
        private static let killsHandler = "test-hook/kills-handler"

        static func read(_ delivery: Delivery) {
            if delivery.body.firstRange(of: self.killsReader) != nil { self.die() }
            self.readPoison(delivery)
        }

        static func readPoison(_ delivery: Delivery) {
            if delivery.body.firstRange(of: self.killsEveryReader) != nil { self.die() }
        }

        static func handle(_ context: DeliveryContext) {
            guard case .success(let message) = context.message else { return }
            if message.build?.container == self.killsHandler { self.die() }
        }

        private static func die() -> Never {
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }
#endif
