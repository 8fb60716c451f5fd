import Foundation
import Glibc
import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite struct BuildCacheTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("cache-\(UUID().uuidString)")

    private func make(_ path: String) throws -> String {
        let file = self.root.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("x".utf8).write(to: file)
        return file.path
    }

    private var cache: BuildCache {
        var options = EcosystemOptions.Cache()
        (options.strategy, options.path) = ("disk", self.root.path)
        return BuildCache(options: options)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test func onlyTheNamedDirectoryGoes() throws {
        let (mine, others) = (try self.make("pipelines/12/a/b"), try self.make("pipelines/13/a"))
        _ = try self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
        #expect(!self.exists(mine))
        #expect(self.exists(others))
    }

    @Test func jobsAndPrefixesHaveDirectoriesOfTheirOwn() throws {
        let (mine, others) = (try self.make("beta/jobs/12/7/a"), try self.make("jobs/12/7/a"))
        _ = try self.cache.clear(CacheConfig(scope: .jobs, prefix: "beta", pipelineID: "12", id: "7"))
        #expect(!self.exists(mine))
        #expect(self.exists(others))
    }

    @Test func whatIsNotThereIsDone() throws {
        #expect(throws: Never.self) {
            try self.cache.clear(CacheConfig(scope: .events, prefix: "", pipelineID: "1", id: "2"))
        }
    }

    @Test(arguments: [("..", "1"), ("../..", "1"), ("a/b", "1"), ("1", ".."), ("1", ""), (".", "1")])
    func pathsThatClimbOutAreRefused(pipeline: String, id: String) throws {
        let outside = try self.make("precious")
        #expect(throws: BuildCache.Refusal.self) {
            try self.cache.clear(CacheConfig(scope: .jobs, prefix: "", pipelineID: pipeline, id: id))
        }
        #expect(self.exists(outside))
    }

    @Test func linksAreNotFollowed() throws {
        let precious = try self.make("elsewhere/precious")
        try FileManager.default.createDirectory(
            at: self.root.appendingPathComponent("pipelines"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: self.root.appendingPathComponent("pipelines/12"),
            withDestinationURL: self.root.appendingPathComponent("elsewhere"))
        #expect(throws: BuildCache.Refusal.self) {
            try self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
        }
        #expect(self.exists(precious))
    }

    @Test func withoutDiskCachesNothingIsTouched() throws {
        let mine = try self.make("pipelines/12/a")
        var options = self.cache.options
        options.strategy = "s3"
        #expect(
            try BuildCache(options: options).clear(
                CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12")) == nil)
        #expect(self.exists(mine))
    }

    @Test func anOperatorsOwnPathMayBeALink() throws {
        let mine = try self.make("elsewhere/pipelines/12/a")
        let link = self.root.appendingPathComponent("cache")
        try FileManager.default.createSymbolicLink(
            at: link, withDestinationURL: self.root.appendingPathComponent("elsewhere"))
        var options = self.cache.options
        options.path = link.path
        _ = try BuildCache(options: options).clear(
            CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
        #expect(!self.exists(mine))
    }

    @Test(arguments: ["", "pipelines"])
    func linksOnTheWayAreNotFollowed(before component: String) throws {
        let precious = try self.make("elsewhere/12/precious")
        try FileManager.default.createDirectory(
            at: self.root.appendingPathComponent("beta"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: self.root.appendingPathComponent(component.isEmpty ? "pipelines" : "beta/pipelines"),
            withDestinationURL: self.root.appendingPathComponent("elsewhere"))
        let message = CacheConfig(
            scope: .pipelines, prefix: component.isEmpty ? "" : "beta", pipelineID: "12", id: "12")
        #expect(throws: BuildCache.Refusal.self) { try self.cache.clear(message) }
        #expect(self.exists(precious))
    }

    @Test func allKindsOfEntriesGo() throws {
        let precious = try self.make("precious")
        let directory = URL(fileURLWithPath: try self.make("pipelines/12/a/file")).deletingLastPathComponent().path
        #expect(symlink(precious, "\(directory)/link") == 0)
        #expect(mkfifo("\(directory)/pipe", 0o600) == 0)
        #expect(mkdir("\(directory)/empty", 0o700) == 0)
        // No UTF-8, as a name may be.
        let name =
            Array(directory.utf8CString.dropLast()) + [
                CChar(bitPattern: 0x2F), CChar(bitPattern: 0xFF), CChar(bitPattern: 0xFE), 0,
            ]
        let file = open(name, O_CREAT | O_WRONLY, 0o600)
        #expect(file >= 0)
        close(file)
        #expect(
            try self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
                == "\(self.root.path)/pipelines/12")
        #expect(!self.exists("\(self.root.path)/pipelines/12"))
        #expect(self.exists(precious))
    }

    /// Deeper than there are descriptors, and longer than a path may be.
    @Test func anyDepthGoes() throws {
        _ = try self.make("pipelines/12/file")
        var descriptor = open("\(self.root.path)/pipelines/12", O_RDONLY | O_DIRECTORY)
        for depth in 0..<1500 {
            #expect(mkdirat(descriptor, "deep", 0o700) == 0, "\(depth)")
            let next = openat(descriptor, "deep", O_RDONLY | O_DIRECTORY)
            close(descriptor)
            descriptor = next
        }
        close(descriptor)
        _ = try self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
        #expect(!self.exists("\(self.root.path)/pipelines/12"))
    }

    /// A build that exchanges its directories for links while they are removed leads the removal nowhere.
    @Test func directoriesThatAreSwappedForLinksLeadNowhere() async throws {
        let precious = try (0..<40).map { try self.make("precious/\($0)/file") }
        let (outside, directory) = ("\(self.root.path)/precious", "\(self.root.path)/pipelines/12")
        let isOver = Atomic(false)
        let swaps = Atomic(0)
        try await OwnThread.run {
            let attacker = Thread {
                while !isOver.load(ordering: .relaxed) {
                    for number in 0..<20 {
                        let (victim, aside) = ("\(directory)/\(number)", "\(directory)/\(number).aside")
                        guard rename(victim, aside) == 0 else { continue }
                        if symlink(outside, victim) == 0 { swaps.add(1, ordering: .relaxed) }
                        unlink(victim)
                        rename(aside, victim)
                    }
                }
            }
            attacker.start()
            defer { isOver.store(true, ordering: .relaxed) }
            for round in 0..<40 {
                for number in 0..<20 {
                    for file in 0..<10 { try? _ = self.make("pipelines/12/\(number)/\(file)/file") }
                }
                // Where something is in the way, it says so; it must not be a way out.
                _ = try? self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
                let gone = precious.filter { !self.exists($0) }
                try #require(gone.isEmpty, "round \(round): \(gone.count) files outside the cache are gone")
            }
        }
        #expect(swaps.load(ordering: .relaxed) > 100)
    }

    @Test func aBuildThatGoesOnWritingIsNotWaitedForForever() async throws {
        let directory = "\(self.root.path)/pipelines/12"
        _ = try self.make("pipelines/12/file")
        let isOver = Atomic(false)
        var cache = self.cache
        cache.timeLimit = .milliseconds(200)
        let impatient = cache
        try await OwnThread.run {
            let build = Thread {
                var count = 0
                while !isOver.load(ordering: .relaxed) {
                    count += 1
                    mkdir(directory, 0o700)
                    mkdir("\(directory)/\(count)", 0o700)
                }
            }
            build.start()
            defer { isOver.store(true, ordering: .relaxed) }
            let start = ContinuousClock.now
            _ = try? impatient.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12"))
            #expect(.now - start < .seconds(30))
        }
    }
}
