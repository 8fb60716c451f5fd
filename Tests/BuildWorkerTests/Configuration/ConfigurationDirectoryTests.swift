import Foundation
import Testing

@testable import BuildWorker

@Suite struct ConfigurationDirectoryTests {
    private static func files(in folder: String) -> [String: String] {
        ["\(folder)/default.yaml": "", "\(folder)/environment.yaml": ""]
    }

    @Test(arguments: ["", "one/", "one/two/three/four/"])
    func isFoundAboveTheExecutable(_ folder: String) throws {
        try ConfigurationFixture.withDirectory(Self.files(in: "Config")) { root in
            let found = try ConfigurationDirectory.locate(
                executablePath: "\(root)/\(folder)worker", environment: [:], elsewhere: [])
            #expect(found == "\(root)/Config")
        }
    }

    @Test func isFoundThroughALink() throws {
        try ConfigurationFixture.withDirectory(
            Self.files(in: "product/Config").merging(["product/bin/worker": "", "bin/other": ""]) { $1 }
        ) { root in
            try FileManager.default.createSymbolicLink(
                atPath: "\(root)/bin/worker", withDestinationPath: "\(root)/product/bin/worker")
            let found = try ConfigurationDirectory.locate(
                executablePath: "\(root)/bin/worker", environment: [:], elsewhere: [])
            #expect(found == "\(root)/product/Config")
        }
    }

    @Test func theVariableDecidesAlone() throws {
        try ConfigurationFixture.withDirectory(Self.files(in: "Config").merging(Self.files(in: "mine")) { $1 }) {
            root in
            func locate(_ value: String) throws -> String {
                try ConfigurationDirectory.locate(
                    executablePath: "\(root)/worker", environment: ["BUILD_WORKER_CONFIG_DIR": value])
            }
            let (mine, above) = (try locate("\(root)/mine"), try locate(""))
            #expect(mine == "\(root)/mine")
            #expect(above == "\(root)/Config")
            let error = #expect(throws: ConfigurationError.self) { try locate("\(root)/nowhere") }
            #expect(error?.description.contains("\(root)/nowhere") == true)
        }
    }

    @Test func saysWhereItLooked() throws {
        // Too far up, and without one of the files.
        try ConfigurationFixture.withDirectory(Self.files(in: "Config").merging(["1/Config/default.yaml": ""]) { $1 }) {
            root in
            let error = #expect(throws: ConfigurationError.self) {
                try ConfigurationDirectory.locate(
                    executablePath: "\(root)/1/2/3/4/5/worker", environment: [:], elsewhere: ["\(root)/etc"])
            }
            let text = try #require(error).description
            for place in ["1/2/3/4/5/Config", "1/2/3/4/Config", "1/Config", "etc"] {
                #expect(text.contains("\(root)/\(place)"))
            }
            #expect(!text.contains("\(root)/Config"))
            #expect(text.contains("BUILD_WORKER_CONFIG_DIR"))
        }
    }

    @Test func fallsBackInOrder() throws {
        try ConfigurationFixture.withDirectory(Self.files(in: "etc").merging(Self.files(in: "here")) { $1 }) { root in
            let found = try ConfigurationDirectory.locate(
                executablePath: "\(root)/bin/worker", environment: [:], elsewhere: ["\(root)/etc", "\(root)/here"])
            #expect(found == "\(root)/etc")
        }
    }
}
