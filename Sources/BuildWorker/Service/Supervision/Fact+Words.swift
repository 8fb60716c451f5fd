extension Fact {
    /// What came of a step, in a few words.
    var words: String {
        switch self {
        case .build(.active): "the build goes on"
        case .build(.aborted): "the build was aborted"
        case .build(.finished): "the build has ended"
        case .build(.unknown): "the API does not know"
        case .creation(.created): "created"
        case .creation(.alreadyExists): "it exists already"
        case .pod(let pod): pod.summary
        case .timer(let handOver), .verification(let handOver), .parking(let handOver), .postponement(let handOver): handOver.words
        case .note(.taken), .failure(.taken): "taken"
        case .note(.refused), .failure(.refused): "refused"
        case .note(.lost), .failure(.notTaken): "not taken"
        case .deletion(.done), .timerKept(.done), .clearing(.done): "done"
        case .build(.unavailable(let detail)), .creation(.rejected(let detail)), .creation(.refused(let detail)), .deletion(.failed(let detail)),
            .timerKept(.failed(let detail)), .clearing(.failed(let detail)):
            detail
        }
    }

    /// What went wrong; `nil` where nothing did.
    var fault: String? {
        switch self {
        case .build(.unavailable), .creation(.rejected), .creation(.refused), .deletion(.failed), .timerKept(.failed), .clearing(.failed): self.words
        case .pod(.unseen), .pod(.failed), .pod(.imageError), .pod(.containerError), .pod(.foreign), .pod(.terminating): self.words
        case .timer(.notHeld): "the init timer was not confirmed by RabbitMQ"
        case .verification(.notHeld): "the verification was not confirmed by RabbitMQ"
        case .verification(.noQueue): "the retry queue does not exist"
        case .parking(.notHeld), .postponement(.notHeld): "the message was not confirmed by RabbitMQ"
        case .parking(.noQueue), .postponement(.noQueue): "RabbitMQ has no queue for the message"
        case .failure(.notTaken), .note(.lost): "the build API could not be reached, or failed"
        case .failure(.refused): "the build API refused the FAILURE"
        // Without an init queue the timer is kept here; a refused note is how the API says that a build has ended.
        case .timer, .verification, .parking, .postponement, .failure, .note, .pod, .build, .creation, .deletion, .timerKept, .clearing: nil
        }
    }
}

extension HandOver {
    fileprivate var words: String {
        switch self {
        case .held: "confirmed"
        case .noQueue: "there is no queue for it"
        case .notHeld: "not confirmed"
        }
    }
}
