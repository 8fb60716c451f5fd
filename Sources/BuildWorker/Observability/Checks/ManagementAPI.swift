/// The management API of the broker, for commands: it shows what AMQP does not, policies above all. Asked with the worker's own credentials, and
/// changes nothing.
public struct ManagementAPI: Sendable {
    private enum Failure: Error {
        case unreachable(HTTPError)
        /// An answer that is of no use.
        case refused(String)
        case notFound
    }

    /// For all questions together.
    private static let patience = Duration.seconds(5)
    /// Nobody need be there where no address was configured.
    private static let usualPortPatience = Duration.seconds(1)

    private let options: RabbitMQOptions
    let address: String
    private let transport: HTTPTransport

    public init(_ options: RabbitMQOptions) {
        self.options = options
        let host = options.hosts.first ?? ""
        let authority = host.contains(":") ? "[\(host)]" : host
        self.address = options.managementURL ?? (options.transport == .amqps ? "https://\(authority):15671" : "http://\(authority):15672")
        var http = HTTPOptions(name: "management")
        http.authorities = options.caFile.map { PEMFile($0, .certificates) { _ in } }
        http.certificate = options.certFile.map { PEMFile($0, .certificates) { _ in } }
        http.key = options.keyFile.map { PEMFile($0, .privateKey) { _ in } }
        if options.managementURL == nil { http.limits.connect = Self.usualPortPatience }
        self.transport = HTTPTransport(http)
    }

    /// What it shows of these objects; `nil` where nothing is configured and nothing answers.
    public func view(of topology: Topology) async -> BrokerView? {
        let end = ContinuousClock.now + Self.patience
        let isConfigured = self.options.managementURL != nil
        do throws(Failure) {
            let name = try await self.get("cluster-name", until: end)["name"]?.string
            var exchanges: [String: BrokerView.Exchange] = [:]
            for exchange in [topology.exchange, topology.eventsExchange].compactMap({ $0 }) { exchanges[exchange] = try await self.exchange(exchange, until: end) }
            var queues: [String: BrokerView.Queue] = [:]
            // And those that do the work of some.
            var names = topology.queues.flatMap { [$0.name] + ($0.waitsFor.map { [Topology.conventionalWaitQueue(of: $0)] } ?? []) }
            while let next = names.popLast() {
                guard queues[next] == nil, let queue = try await self.queue(next, until: end) else { continue }
                queues[next] = queue
                if topology.queues.contains(where: { $0.waitsFor == next }), let target = queue.arguments["x-dead-letter-routing-key"]?.text { names.append(target) }
            }
            return BrokerView(address: self.address, clusterName: name, queues: queues, exchanges: exchanges, isConfigured: isConfigured)
        } catch {
            let problem: String
            switch error {
            case .unreachable where !isConfigured: return nil
            case .unreachable(let error): problem = "cannot be asked: \(error.description)"
            case .refused(let reason): problem = reason
            case .notFound: problem = "answered 404: RABBITMQ_MANAGEMENT_URL is the address before /api"
            }
            return BrokerView(address: self.address, problem: problem, isConfigured: isConfigured)
        }
    }

    private func queue(_ name: String, until end: ContinuousClock.Instant) async throws(Failure) -> BrokerView.Queue? {
        let columns = "name,type,arguments,effective_policy_definition,policy,operator_policy,messages_dlx"
        guard let queue = try await self.object("queues", name, "?columns=\(columns)", until: end) else { return nil }
        let policies = ["policy", "operator_policy"].compactMap { queue[$0]?.string }.filter { !$0.isEmpty }.map { "'\($0)'" }
        return BrokerView.Queue(
            kind: queue["type"]?.string, own: AMQPTable(queue["arguments"]), policies: queue["effective_policy_definition"].map { AMQPTable($0) },
            source: "policy \(policies.joined(separator: " and "))", undelivered: queue["messages_dlx"]?.integer ?? 0)
    }

    private func exchange(_ name: String, until end: ContinuousClock.Instant) async throws(Failure) -> BrokerView.Exchange? {
        guard let exchange = try await self.object("exchanges", name, until: end), let kind = exchange["type"]?.string else { return nil }
        var alternate = exchange[path: "arguments", "alternate-exchange"]?.string
        var unread: String?
        if alternate == nil, let policy = exchange["policy"]?.string, !policy.isEmpty {
            // Others' tags are enough for all the rest.
            do throws(Failure) { alternate = try await self.object("policies", policy, until: end)?[path: "definition", "alternate-exchange"]?.string } catch {
                guard case .refused = error else { throw error }
                unread = policy
            }
        }
        let bindings = try await self.object("exchanges", name, "/bindings/source?columns=destination,destination_type,routing_key", until: end)?.array ?? []
        var keys: [String: Set<String>]? = [:]
        for binding in bindings {
            // What is behind another exchange is not followed.
            guard binding["destination_type"]?.string == "queue", let queue = binding["destination"]?.string else { keys = nil; break }
            keys?[queue, default: []].insert(binding["routing_key"]?.string ?? "")
        }
        return BrokerView.Exchange(kind: kind, alternate: alternate, unreadPolicy: unread, bindings: keys)
    }

    /// - Returns: `nil`: there is none of that name.
    private func object(_ kind: String, _ name: String, _ rest: String = "", until end: ContinuousClock.Instant) async throws(Failure) -> JSONValue? {
        do throws(Failure) {
            return try await self.get("\(kind)/\(self.options.vhost.percentEncoded)/\(name.percentEncoded)\(rest)", until: end)
        } catch {
            guard case .notFound = error else { throw error }
            return nil
        }
    }

    private func get(_ path: String, until end: ContinuousClock.Instant) async throws(Failure) -> JSONValue {
        var request = HTTPRequest(method: "GET", url: "\(self.address)/api/\(path)")
        request.basic = Secret("\(self.options.username):\(self.options.password.exposed)")
        let response: HTTPResponse
        do throws(HTTPError) { response = try await self.transport.send(request, deadline: max(.milliseconds(1), end - .now)) } catch { throw .unreachable(error) }
        let document: JSONValue?
        do throws(JSONError) { document = try JSONValue(parsing: response.body) } catch { document = nil }
        switch response.status {
        case 200:
            guard let document else { throw .refused("answered what is no JSON: RABBITMQ_MANAGEMENT_URL is the address before /api") }
            return document
        case 401, 403:
            let user = self.options.username
            let reason = document?["reason"]?.string ?? "\(response.status)"
            let need = "it needs the tag management, and rights in the vhost ('rabbitmqctl set_user_tags \(user) management')"
            throw .refused("refuses the user '\(user)' (\(reason.safeToShow(limit: 100))): \(need)")
        case 404: throw .notFound
        default: throw .refused("answered \(response.status): RABBITMQ_MANAGEMENT_URL is the address before /api")
        }
    }
}

extension AMQPTable {
    /// Of a JSON object: texts, whole numbers and truth values.
    fileprivate init(_ json: JSONValue?) {
        self.init(
            (json?.members ?? []).compactMap { member in
                let value = member.value.string.map { AMQPValue.text($0) } ?? member.value.integer.map { .int64(Int64($0)) } ?? member.value.bool.map { .bool($0) }
                return value.map { Field(member.name, $0) }
            })
    }
}
