/// A line of the simulator's journal: one request and its effect.
package struct JournalRecord: Decodable, Hashable, Sendable {
    package struct Update: Decodable, Hashable, Sendable {
        package var status: String?
        package var statusMessage: String?

        package init(status: String? = nil, statusMessage: String? = nil) {
            (self.status, self.statusMessage) = (status, statusMessage)
        }
    }

    /// Counts from 1, without gaps.
    package var seq: Int
    package var t: Double
    /// `kubernetes` or `api`.
    package var listener: String
    package var method: String
    package var path: String
    /// nil: never answered.
    package var status: Int?
    package var build: String?
    package var pod: String?
    /// `none`, `created`, `updated` or `deleted:N`.
    package var effect: String
    /// `rule N …` or `image …`.
    package var fault: String?
    package var body: Update?

    package init(
        seq: Int, t: Double, listener: String, method: String, path: String, status: Int?, build: String?,
        pod: String? = nil,
        effect: String = "none", fault: String? = nil, body: Update? = nil
    ) {
        (self.seq, self.t, self.listener, self.method, self.path) = (seq, t, listener, method, path)
        (self.status, self.build, self.pod, self.effect, self.fault, self.body) = (
            status, build, pod, effect, fault, body
        )
    }

    var isCreation: Bool { self.effect == "created" }
    var isDeletion: Bool { self.effect.hasPrefix("deleted:") && self.effect != "deleted:0" }
    var isPodRequest: Bool { self.listener == "kubernetes" && self.path.contains("/pods") }
    /// A look at the build's pods: by label, or at the one of that name.
    var isLook: Bool { self.isPodRequest && self.method == "GET" }
    var isLookByName: Bool { self.isLook && !self.path.contains("labelSelector") }
    /// Whether the build API was to fail the build, whatever it said to that.
    var isFailure: Bool { self.listener == "api" && self.method == "PUT" && self.body?.status == "FAILURE" }
    /// An answer that was only late, or legal in a way that few servers choose, is whole.
    var isAnsweredWhole: Bool {
        guard self.status != nil, let fault = self.fault else { return self.status != nil }
        return fault.contains(" delay-") || fault.contains(" unusual-")
    }

    /// The rule that struck, by number.
    var rule: Int? {
        guard let words = self.fault?.split(separator: " "), words.count > 1, words[0] == "rule" else { return nil }
        return Int(words[1])
    }
}
