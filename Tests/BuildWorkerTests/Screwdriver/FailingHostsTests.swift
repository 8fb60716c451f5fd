import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite(.timeLimit(.minutes(2))) struct FailingHostsTests {
    private let start = ContinuousClock.now
    private func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

    private func isRefused(_ admission: FailingHosts.Admission) -> Bool {
        if case .refused = admission { true } else { false }
    }

    @Test func aHostThatAnswersIsAskedByAll() {
        let hosts = FailingHosts(prefetch: 20)
        #expect(hosts.enter("api", at: self.start) == .admitted)
        hosts.leave("api", .answered, at: self.start)
        for _ in 0..<100 { #expect(hosts.enter("api", at: self.start) == .admitted) }
    }

    @Test(arguments: [(20, 5), (3, 1), (65_535, 16_383)])
    func thoseThatHaveNotAnsweredYetHoldAQuarter(prefetch: Int, share: Int) {
        let hosts = FailingHosts(prefetch: prefetch)
        // Whether it is one host or many.
        for number in 0..<share { #expect(hosts.enter("dead\(number % 7)", at: self.at(0)) == .admitted) }
        #expect(hosts.enter("dead0", at: self.at(0.5)) == .soon)
        #expect(hosts.enter("other", at: self.at(0.5)) == .soon)
        #expect(self.isRefused(hosts.enter("other", at: self.at(1.6))))
        hosts.leave("dead0", .answered, at: self.at(2))
        #expect(hosts.enter("other", at: self.at(2)) == .admitted)
    }

    @Test func aHostThatFailsIsAskedOnceWithGrowingPauses() {
        let hosts = FailingHosts(prefetch: 20)
        var now = self.start
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(hosts.enter("dead", at: now) == .admitted)
            if pause > 1 {
                #expect(hosts.enter("dead", at: now) == .soon)
                #expect(
                    hosts.enter("dead", at: now + .seconds(2)) == .refused(cause: "no answer"), "at once, from then on")
            }
            hosts.leave("dead", .failed(cause: "no answer"), at: now + .seconds(10))
            #expect(hosts.isFailing("dead"))
            now += .seconds(10) + .seconds(pause)
            #expect(hosts.enter("dead", at: now - .milliseconds(1)) == .refused(cause: "no answer"))
        }
        #expect(hosts.enter("dead", at: now) == .admitted)
        hosts.leave("dead", .answered, at: now)
        #expect(!hosts.isFailing("dead") && hosts.count(at: now) == 0)
        for _ in 0..<100 { #expect(hosts.enter("dead", at: now) == .admitted) }
    }

    /// A build's own request may fail where others' do not.
    @Test func oneFailureBetweenAnswersIsNone() {
        let hosts = FailingHosts(prefetch: 20)
        for outcome in [
            FailingHosts.Outcome.answered, .failed(cause: "500"), .answered, .failed(cause: "500"), .unknown,
        ] {
            #expect(hosts.enter("api", at: self.start) == .admitted)
            hosts.leave("api", outcome, at: self.start)
            #expect(!hosts.isFailing("api"))
        }
        #expect(hosts.enter("api", at: self.start) == .admitted)
        hosts.leave("api", .failed(cause: "500"), at: self.start)
        #expect(hosts.isFailing("api"))
    }

    /// When it dies, all that was under way fails: once.
    @Test func failuresOfOneMomentCountOnce() {
        let hosts = FailingHosts(prefetch: 20)
        _ = hosts.enter("api", at: self.start)
        hosts.leave("api", .answered, at: self.start)
        for _ in 0..<20 { _ = hosts.enter("api", at: self.start) }
        for _ in 0..<20 { hosts.leave("api", .failed(cause: "gone"), at: self.start) }
        #expect(hosts.enter("api", at: self.at(1)) == .admitted)
    }

    @Test func allThatFailHoldAQuarterTogether() {
        let hosts = FailingHosts(prefetch: 8)
        for name in ["a", "b", "c"] {
            #expect(hosts.enter(name, at: self.at(0)) == .admitted)
            hosts.leave(name, .failed(cause: "no answer"), at: self.at(0))
        }
        #expect(hosts.enter("a", at: self.at(1)) == .admitted)
        #expect(hosts.enter("b", at: self.at(1)) == .admitted)
        #expect(self.isRefused(hosts.enter("c", at: self.at(1))))
        // They do not keep others from being asked for the first time.
        #expect(hosts.enter("new", at: self.at(1)) == .admitted)
    }

    @Test func whoseMessagesAreGoneIsForgotten() {
        let hosts = FailingHosts(prefetch: 20)
        for number in 0..<3000 {
            _ = hosts.enter("host\(number)", at: self.start)
            hosts.leave("host\(number)", .failed(cause: "no answer"), at: self.start)
        }
        #expect(hosts.count(at: self.start) == 1000, "whoever publishes names as many as he likes")
        let notes = hosts.notes(at: self.at(61))
        #expect(notes.count == 6 && notes.last == "995 more build APIs fail")
        #expect(
            notes.first?.contains("has failed for 61 s") == true && notes.first?.contains("no answer") == true,
            "\(notes)")
        #expect(hosts.count(at: self.at(3601)) == 0)
    }

    private func client(_ hosts: FailingHosts, own: String? = nil) -> BuildAPIClient {
        BuildAPIClient(
            transport: HTTPTransport(), deadline: .seconds(5), hosts: APIHosts(own: own), failingHosts: hosts)
    }

    /// - Returns: the answers' codes, `nil` for those that were taken, and how many came within three seconds.
    private func ask(_ client: BuildAPIClient, _ url: String, count: Int) async -> [BuildAPIError.Code?] {
        await withTaskGroup(of: BuildAPIError.Code?.self) { group in
            for build in 1...count {
                group.addTask {
                    do throws(BuildAPIError) {
                        try await client.update(
                            BuildID(rawValue: build), at: url, token: Secret("t"), with: BuildUpdate(status: "FAILURE"))
                        return nil
                    } catch { return error.code }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func aHostThatNeverAnswersHoldsFew() async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        let hosts = FailingHosts(prefetch: 20)
        let codes = await self.ask(self.client(hosts), server.url, count: 25)
        // The others are refused without a request, at once.
        #expect(server.requests.count == 5)
        #expect(codes.count { $0 == .unreachable(.timedOut) } == 5)
        #expect(codes.count { $0 == .hostFailing } == 20)
        #expect(hosts.count() == 1)
        let refused = BuildAPIError(operation: "o", code: .hostFailing)
        #expect(
            !refused.isRefusal && !refused.isRetriable && !refused.isPotentialOutage
                && refused.problem.failureClass == .buildAPI)
    }

    @Test func aHostThatAnswersAndTheWorkersOwnAreAskedByAll() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        #expect(
            await self.ask(self.client(FailingHosts(prefetch: 20)), server.url, count: 60).allSatisfy {
                $0 == nil
            })
        let failing = try StubServer { _ in .status(503) }
        defer { failing.stop() }
        let codes = await self.ask(self.client(FailingHosts(prefetch: 4), own: failing.url), failing.url, count: 25)
        #expect(codes.allSatisfy { $0 == .status } && failing.requests.count == 25, "its outages are the breaker's")
    }
}
