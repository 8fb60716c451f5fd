import Foundation
import Testing

@testable import BuildWorker

@Suite struct SystemdNotifierTests {
    @Test(arguments: [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "tcp:1"]])
    func notWithoutSystemd(environment: [String: String]) { #expect(SystemdNotifier(environment, pid: 1) == nil) }

    @Test(arguments: [
        ("30000000", nil, Duration.seconds(30)), ("30000000", "7", .seconds(30)), ("30000000", "8", nil),
        ("x", nil, nil), (nil, nil, nil),
    ])
    func theWatchdogIsForThisProcess(time: String?, pid: String?, expected: Duration?) throws {
        let environment = ["NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": time, "WATCHDOG_PID": pid].compactMapValues
        { $0 }
        #expect(try #require(SystemdNotifier(environment, pid: 7)).watchdog == expected)
    }

    @Test(arguments: ["/tmp/build-worker-notify-\(getpid())", "@build-worker-notify-\(getpid())"])
    func systemdHearsIt(path: String) throws {
        let server = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(server)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = path.hasPrefix("@")
        let bytes = isAbstract ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { #expect(bind(server, $0, length) == 0) }
        }
        let notifier = try #require(SystemdNotifier(["NOTIFY_SOCKET": path], pid: 7))
        #expect(notifier.send("READY=1"))
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(server, &buffer, buffer.count, 0)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "READY=1")
    }

    @Test func nobodyListens() throws {
        let notifier = try #require(SystemdNotifier(["NOTIFY_SOCKET": "/nowhere/notify"], pid: 7))
        #expect(!notifier.send("READY=1"))
    }
}
