internal import Workflow

extension Fact {
    /// The outcome of a step in a few words.
    var words: String {
        switch self {
        case .build(.waiting): "the build waits to begin"
        case .build(.running): "the build runs"
        case .build(.begun): "the build does not wait any more"
        case .build(.unknown): "the API does not know"
        case .build(.ended), .note(.ended), .failure(.ended): "the build has ended"
        case .creation(.created, _): "created"
        case .creation(.alreadyExists, _): "it exists already"
        case .pod(let pod, _), .search(let pod, _): pod.summary
        case .timer(let handOver), .verification(let handOver), .parking(let handOver), .postponement(let handOver):
            handOver.words
        case .note(.taken), .failure(.taken): "taken"
        case .deletion(.done), .timerKept(.done), .clearing(.done): "done"
        case .build(.refused(let problem)), .build(.unavailable(let problem)), .creation(.rejected(let problem), _),
            .creation(.refused(let problem), _),
            .deletion(.failed(let problem)), .timerKept(.failed(let problem)), .clearing(.failed(let problem)),
            .note(.refused(let problem)), .note(.lost(let problem)),
            .failure(.refused(let problem)), .failure(.notTaken(let problem)):
            problem.detail
        }
    }

    var problem: Problem? {
        switch self {
        case .build(.refused(let problem)), .build(.unavailable(let problem)), .creation(.rejected(let problem), _),
            .creation(.refused(let problem), _),
            .deletion(.failed(let problem)), .timerKept(.failed(let problem)), .clearing(.failed(let problem)),
            .note(.refused(let problem)), .note(.lost(let problem)),
            .failure(.refused(let problem)), .failure(.notTaken(let problem)), .pod(.unknown(let problem), _),
            .search(.unknown(let problem), _):
            problem
        case .pod(.broken(let failure), _), .search(.broken(let failure), _): Problem(failure.failureClass, self.words)
        case .pod(.notOwned, _), .search(.notOwned, _), .pod(.terminating, _), .search(.terminating, _):
            Problem(.node, self.words)
        case .timer(.unconfirmed): Problem(.broker, "the init timer was not confirmed by RabbitMQ")
        case .verification(.unconfirmed): Problem(.broker, "the verification was not confirmed by RabbitMQ")
        case .verification(.unroutable): Problem(.broker, "the retry queue does not exist")
        case .parking(.unconfirmed), .postponement(.unconfirmed):
            Problem(.broker, "the message was not confirmed by RabbitMQ")
        case .parking(.unroutable), .postponement(.unroutable):
            Problem(.broker, "RabbitMQ has no queue for the message")
        // Keeping the timer here, without an init queue, is no problem; nor is an ended build.
        case .timer, .verification, .parking, .postponement, .failure, .note, .pod, .search, .build, .creation,
            .deletion, .timerKept, .clearing:
            nil
        }
    }
}

extension PublishResult {
    fileprivate var words: String {
        switch self {
        case .confirmed: "confirmed"
        case .unroutable: "there is no queue for it"
        case .unconfirmed: "not confirmed"
        }
    }
}
