import Testing

@testable import BuildWorker
@testable import Spool

@Suite struct JobNameTests {
    @Test func survivesBeingWritten() throws {
        let name = JobName(
            started: 1_800_000_000_000, sequence: 1_790_000_000_000_123, pid: 4711, random: 0x00AB_CDEF, attempt: 3)
        #expect(name.description == "1800000000000-1790000000000123-4711-00abcdef.3")
        #expect(JobName(name.description) == name)
        #expect(name.created == 1_790_000_000_000)
    }

    @Test func theIdStaysThroughAttempts() {
        let name = JobName(started: 1, sequence: 2000, pid: 3, random: 4)
        var next = name
        (next.started, next.attempt) = (99, 7)
        #expect(next.id == name.id)
        #expect(next.description != name.description)
    }

    @Test(arguments: [
        "", "1-2-3-0000000a", "1-2-3-0000000a.", "1-2-3-0000000a.1.2", "1-2-3.4", "-1-2-3-0000000a.1", "1-2-3-a.1",
        "1-2-+3-0000000a.1", "1-2-3-0000000g.1",
        "1-2-3-0000000a.-1", "lost+found", "2-3-0000000a.log", "99999999999999999999-2-3-0000000a.1",
    ])
    func aFileOfOthersIsNone(_ text: String) { #expect(JobName(text) == nil) }
}
