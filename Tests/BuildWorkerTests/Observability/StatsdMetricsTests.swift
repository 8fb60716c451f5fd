import Foundation
import Synchronization
import Testing

@testable import BuildWorker

@Suite struct StatsdMetricsTests {
    private final class Received: Sendable {
        private let packets = Mutex<[[UInt8]]>([])
        func append(_ packet: [UInt8]) { self.packets.withLock { $0.append(packet) } }
        var all: [[UInt8]] { self.packets.withLock { $0 } }
        var lines: [String] {
            self.all.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
        }
    }

    private func statsd(_ prefix: String = "ci.worker") -> (StatsdMetrics, Received, Metrics) {
        let received = Received()
        let statsd = StatsdMetrics(prefix: prefix) { received.append($0) }
        return (statsd, received, Metrics(statsd))
    }

    @Test func whatWasAddedSinceTheLastTime() {
        let (statsd, received, meters) = self.statsd()
        meters.count(.deliveries, "start", by: 3)
        statsd.flush()
        meters.count(.deliveries, "start")
        statsd.flush()
        statsd.flush()
        #expect(received.lines == ["ci.worker.deliveries.start:3|c", "ci.worker.deliveries.start:1|c"])
    }

    @Test func gaugesStayAndDurationsAreMilliseconds() {
        let (statsd, received, meters) = self.statsd("")
        meters.set(.unacked, to: 7)
        meters.record(.requestDuration, "kubernetes", "POST", "201", took: .microseconds(12_500))
        statsd.flush()
        statsd.flush()
        #expect(received.lines == ["unacked:7|g", "request_duration.kubernetes.POST.201:12.5|ms", "unacked:7|g"])
    }

    @Test func packetsStaySmall() {
        let (statsd, received, meters) = self.statsd()
        for number in 0..<200 { meters.record(.handlerDuration, "start", took: .milliseconds(number)) }
        statsd.flush()
        #expect(received.lines.count == 200)
        #expect(received.all.count > 1)
        #expect(received.all.allSatisfy { $0.count <= 512 })
    }

    @Test func aBacklogHasAnEnd() {
        let (statsd, received, meters) = self.statsd()
        for _ in 0..<20_010 { meters.record(.handlerDuration, "start", took: .milliseconds(1)) }
        statsd.flush()
        #expect(received.lines.last == "ci.worker.statsd_dropped:10|c")
    }

    @Test func nothingButLettersInNames() {
        let (statsd, received, meters) = self.statsd()
        meters.set(.info, "5.2:0|x\n", to: 1)
        statsd.flush()
        #expect(received.lines == ["ci.worker.info.5_2_0_x_:1|g"])
    }

    @Test func packetsArriveAndALostServerIsNoHarm() throws {
        let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port =
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16 in
                    #expect(bind(server, generic, length) == 0)
                    #expect(getsockname(server, generic, &length) == 0)
                    return 0
                }
            } + UInt16(bigEndian: address.sin_port)
        let socket = StatsdSocket(host: "127.0.0.1", port: Int(port))
        socket.send(Array("x:1|c".utf8))
        var buffer = [UInt8](repeating: 0, count: 600)
        let count = recv(server, &buffer, buffer.count, 0)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "x:1|c")
        let nobody = StatsdSocket(host: "127.0.0.1", port: 1)
        for _ in 1...3 { nobody.send(Array("x:1|c".utf8)) }
        StatsdSocket(host: "no-such-host.invalid", port: 1).send(Array("x:1|c".utf8))
    }
}
