internal import Clients
package import RabbitMQ
internal import Support

/// The broker's management API: shows policies, which AMQP does not. Read only, with the worker's credentials.
package struct ManagementAPI: Sendable {
    private enum Failure: Error {
        case unreachable(HTTPError)
        case refused(String)
        case notFound
    }

    private static let misled = "RABBITMQ_MANAGEMENT_URL is the address before /api"

    private let options: RabbitMQOptions
    let address: String
    private let transport: HTTPTransport

    package init(_ options: RabbitMQOptions) {
        self.options = options
        let host = options.hosts.first ?? ""
        let authority = host.contains(":") ? "[\(host)]" : host
        let usual = options.transport == .amqps ? "https://\(authority):15671" : "http://\(authority):15672"
        self.address = options.managementURL ?? usual
        var http = HTTPOptions(name: "management")
        http.authorities = options.caFile.map { PEMFile($0, .certificates) { _ in } }
        http.certificate = options.certFile.map { PEMFile($0, .certificates) { _ in } }
        http.key = options.keyFile.map { PEMFile($0, .privateKey) { _ in } }
        // A default address may have no server: give up early.
        if options.managementURL == nil { http.limits.connect = .seconds(1) }
        self.transport = HTTPTransport(http)
    }

    /// The state of these objects; `nil` if no address is configured and none responds. Takes at most five seconds.
    package func view(of topology: Topology) async -> BrokerView? {
        let end = ContinuousClock.now + .seconds(5)
        let isConfigured = self.options.managementURL != nil
        do throws(Failure) {
            let name = try await self.get("cluster-name", until: end)["name"]?.string
            var exchanges: [String: BrokerView.Exchange] = [:]
            for exchange in [topology.exchange, topology.eventsExchange].compactMap(\.self) {
                exchanges[exchange] = try await self.exchange(exchange, until: end)
            }
            var queues: [String: BrokerView.Queue] = [:]
            // Includes queues that stand in for some of them.
            let waitedFor = topology.queues.compactMap(\.waitsFor)
            var names = topology.queues.map(\.name) + waitedFor.map(Topology.conventionalWaitQueue(of:))
            while let next = names.popLast() {
                guard queues[next] == nil, let queue = try await self.queue(next, until: end) else { continue }
                queues[next] = queue
                if waitedFor.contains(next), let target = queue.arguments["x-dead-letter-routing-key"]?.text {
                    names.append(target)
                }
            }
            return BrokerView(
                address: self.address, clusterName: name, queues: queues, exchanges: exchanges,
                isConfigured: isConfigured)
        } catch {
            let problem: String
            switch error {
            case .unreachable where !isConfigured: return nil
            case .unreachable(let error): problem = "cannot be asked: \(error.description)"
            case .refused(let reason): problem = reason
            case .notFound: problem = "answered 404: \(Self.misled)"
            }
            return BrokerView(address: self.address, problem: problem, isConfigured: isConfigured)
        }
    }

    private func queue(_ name: String, until end: ContinuousClock.Instant) async throws(Failure) -> BrokerView.Queue? {
        let columns = "name,type,arguments,effective_policy_definition,policy,operator_policy,messages_dlx"
        guard let queue = try await self.object("queues", name, "?columns=\(columns)", until: end) else { return nil }
        let policies = ["policy", "operator_policy"].compactMap { queue[$0]?.string }.filter { !$0.isEmpty }.map {
            "'\($0)'"
        }
        return BrokerView.Queue(
            kind: queue["type"]?.string, own: AMQPTable(queue["arguments"]),
            policies: queue["effective_policy_definition"].map { AMQPTable($0) },
            source: "policy \(policies.joined(separator: " and "))", undelivered: queue["messages_dlx"]?.integer ?? 0)
    }

    private func exchange(_ name: String, until end: ContinuousClock.Instant) async throws(Failure) -> BrokerView
        .Exchange?
    {
        guard let exchange = try await self.object("exchanges", name, until: end), let kind = exchange["type"]?.string
        else { return nil }
        var alternate = exchange[path: "arguments", "alternate-exchange"]?.string
        var unread: String?
        if alternate == nil, let policy = exchange["policy"]?.string, !policy.isEmpty {
            // Reading policies needs another user tag than everything else.
            do throws(Failure) {
                alternate = try await self.object("policies", policy, until: end)?[
                    path: "definition", "alternate-exchange"]?.string
            } catch {
                guard case .refused = error else { throw error }
                unread = policy
            }
        }
        let columns = "columns=destination,destination_type,routing_key"
        let bindings = try await self.object("exchanges", name, "/bindings/source?\(columns)", until: end)?.array ?? []
        var keys: [String: Set<String>]? = [:]
        for binding in bindings {
            // Bindings of further exchanges are not followed.
            guard binding["destination_type"]?.string == "queue", let queue = binding["destination"]?.string else {
                keys = nil
                break
            }
            keys?[queue, default: []].insert(binding["routing_key"]?.string ?? "")
        }
        return BrokerView.Exchange(kind: kind, alternate: alternate, unreadPolicy: unread, bindings: keys)
    }

    private func object(
        _ kind: String, _ name: String, _ rest: String = "", until end: ContinuousClock.Instant
    ) async throws(Failure) -> JSONValue? {
        let path = [kind, self.options.vhost.percentEncoded, name.percentEncoded].joined(separator: "/")
        do throws(Failure) { return try await self.get(path + rest, until: end) } catch {
            guard case .notFound = error else { throw error }
            return Optional.none
        }
    }

    private func get(_ path: String, until end: ContinuousClock.Instant) async throws(Failure) -> JSONValue {
        let user = self.options.username
        var request = HTTPRequest(method: "GET", url: "\(self.address)/api/\(path)")
        request.basic = Secret("\(user):\(self.options.password.exposed)")
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.transport.send(request, deadline: max(.milliseconds(1), end - .now))
        } catch {
            throw .unreachable(error)
        }
        let document: JSONValue?
        do throws(JSONError) { document = try JSONValue(parsing: response.body) } catch { document = Optional.none }
        switch response.status {
        case 200:
            guard let document else { throw .refused("answered what is no JSON: \(Self.misled)") }
            return document
        case 401, 403:
            let reason = (document?["reason"]?.string ?? "\(response.status)").sanitizedForLog(limit: 100)
            let need =
                "it needs the tag management and permissions in the vhost ('rabbitmqctl set_user_tags \(user) management')"
            throw .refused("refuses the user '\(user)' (\(reason)): \(need)")
        case 404: throw .notFound
        default: throw .refused("answered \(response.status): \(Self.misled)")
        }
    }
}

extension AMQPTable {
    fileprivate init(_ json: JSONValue?) {
        self.init(
            (json?.members ?? []).compactMap { member in
                let (text, number, flag) = (member.value.string, member.value.integer, member.value.bool)
                let value =
                    text.map { AMQPValue.text($0) } ?? number.map { .int64(Int64($0)) } ?? flag.map { .bool($0) }
                return value.map { Field(member.name, $0) }
            })
    }
}
