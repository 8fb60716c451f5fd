import Testing

@Suite struct VirtualClockTests {
    @Test func eventsComeInTheOrderOfTimeAndThenOfPlanning() {
        var clock = VirtualClock()
        var random = SeededGenerator(seed: 7)
        var planned: [(time: Int, pod: Int)] = []
        for pod in 0..<500 {
            let time = random.below(100)
            planned.append((time, pod))
            clock.plan(.podIsGone(pod: pod), after: time)
        }
        let expected = planned.sorted { ($0.time, $0.pod) < ($1.time, $1.pod) }
        for event in expected {
            guard case .podIsGone(let pod) = clock.next() else {
                Issue.record("an event is missing")
                return
            }
            #expect(pod == event.pod)
            #expect(clock.now == event.time)
        }
        #expect(clock.next() == nil)
    }

    @Test func delaysCountFromNow() {
        var clock = VirtualClock()
        clock.plan(.interference(build: 0), after: 10)
        _ = clock.next()
        clock.plan(.interference(build: 1), after: 10)
        _ = clock.next()
        #expect(clock.now == 20)
    }

    /// The values of the algorithm's reference implementation.
    @Test func theGeneratorIsSplitMix64() {
        var random = SeededGenerator(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
        for value in expected { #expect(random.next() == value) }
    }

    @Test func everyBoundIsDrawn() {
        var random = SeededGenerator(seed: 0)
        var drawn: Set<Int> = []
        for _ in 0..<1_000 { drawn.insert(random.between(-2, 3)) }
        #expect(drawn == [-2, -1, 0, 1, 2, 3])
    }
}
