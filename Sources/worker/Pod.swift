internal import ArgumentParser
internal import BuildWorker

struct Pod: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the pod that a start message would make, as JSON.",
        discussion: "Nothing is sent anywhere. The pod holds the build's token as the launcher needs it: mind where you print it.")

    @Argument(help: "A file with the message, or - for stdin.")
    var file: String

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try self.options.load().configuration
        do {
            let message = try BuildMessage(decoding: try readMessage(self.file))
            guard case .start(let build) = message.job else {
                printError("only a start message makes a pod")
                throw Exit.unreadableMessage
            }
            if let unknown = ExecutorRoute(build, configuration.executor).unknown {
                printError("note: there is no executor \(String(unknown.prefix(100)).debugDescription) to be had; this is another's pod")
            }
            let manifest = try PodManifest(build: build, options: configuration.executor.options(for: build), ecosystem: configuration.ecosystem)
            print(manifest.document.text(indented: true))
        } catch let error as BuildMessageError {
            printError("the message cannot be read: \(error)")
            throw Exit.unreadableMessage
        } catch let error as PodManifestError {
            printError("no pod can be made of this message: \(error)")
            throw Exit.unreadableMessage
        }
    }
}
