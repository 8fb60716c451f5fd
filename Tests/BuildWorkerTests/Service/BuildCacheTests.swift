import Foundation
import Testing

@testable import BuildWorker

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
        #expect(throws: Never.self) { try self.cache.clear(CacheConfig(scope: .events, prefix: "", pipelineID: "1", id: "2")) }
    }

    @Test(arguments: [("..", "1"), ("../..", "1"), ("a/b", "1"), ("1", ".."), ("1", ""), (".", "1")])
    func pathsThatClimbOutAreRefused(pipeline: String, id: String) throws {
        let outside = try self.make("precious")
        #expect(throws: BuildCache.Refusal.self) { try self.cache.clear(CacheConfig(scope: .jobs, prefix: "", pipelineID: pipeline, id: id)) }
        #expect(self.exists(outside))
    }

    @Test func linksAreNotFollowed() throws {
        let precious = try self.make("elsewhere/precious")
        try FileManager.default.createDirectory(at: self.root.appendingPathComponent("pipelines"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: self.root.appendingPathComponent("pipelines/12"), withDestinationURL: self.root.appendingPathComponent("elsewhere"))
        #expect(throws: BuildCache.Refusal.self) { try self.cache.clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12")) }
        #expect(self.exists(precious))
    }

    @Test func withoutDiskCachesNothingIsTouched() throws {
        let mine = try self.make("pipelines/12/a")
        var options = self.cache.options
        options.strategy = "s3"
        #expect(try BuildCache(options: options).clear(CacheConfig(scope: .pipelines, prefix: "", pipelineID: "12", id: "12")) == nil)
        #expect(self.exists(mine))
    }
}
