import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// The pods of the fixtures come out the same when their environment goes through the loader.
@Suite struct PodFixtureConfigurationTests {
    @Test(arguments: PodFixture.own)
    func makesTheFixturesPod(_ fixture: PodFixture) throws {
        let configuration = try ConfigurationFixture.configuration(fixture.environment)
        guard case .start(let build) = try BuildMessage(decoding: fixture.message.serialized()).job else {
            throw PodFixture.NotAStart()
        }
        let manifest = try PodManifest(
            build: build, options: configuration.executor.options(for: build), ecosystem: configuration.ecosystem)
        #expect(podDifferences(fixture.pod, manifest.document).isEmpty)
    }
}
