import Testing

@testable import BuildWorker

@Suite struct OpenFilesTests {
    @Test(arguments: [
        (20, 4, true), (64, 4, true), (256, 16, true), (511, 31, true), (512, 32, false), (1024, 64, false),
        (65_536, 64, false),
    ])
    func mostAreTheWorks(limit: Int, visitors: Int, warns: Bool) {
        let files = OpenFiles(limit: limit)
        #expect(files.visitors == visitors)
        #expect((files.warning != nil) == warns)
    }

    @Test func aProcessMayHaveWhatItsHardLimitAllows() {
        #expect(OpenFiles().limit >= 256 && OpenFiles().warning == nil)
    }
}
