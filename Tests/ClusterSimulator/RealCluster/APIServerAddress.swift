import ArgumentParser

/// `http://127.0.0.1:PORT`.
struct APIServerAddress: ExpressibleByArgument, Sendable {
    let port: Int

    var host: String { "127.0.0.1:\(port)" }

    init?(argument: String) {
        let prefix = "http://127.0.0.1:"
        guard argument.hasPrefix(prefix), let port = Int(argument.dropFirst(prefix.count)), (1...65_535).contains(port)
        else { return nil }
        self.port = port
    }
}
