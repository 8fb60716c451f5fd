extension Metric {
    static let prefix = "build_worker_"

    /// All metrics in display order.
    package static let all: [Metric] = [
        deliveries, redeliveries, settlements, attempts, podsCreated, failures, reports, parked, timersArmed,
        timersFired, breakerOpened, spoolJobs,
        httpConnectionsOpened, httpConnectionsReused, httpBytesSent, httpBytesReceived,
        logLinesDropped,
        janitorRemoved, queueToPod, deliveryToPod, podToScheduled, scheduledToRunning, requestDuration, httpConnect,
        httpHandshake, handlerDuration,
        confirmDuration, inFlight,
        unacked, oldestUnacked, waitingBuilds, timersExpected, connections, httpConnectionsOpen, breakerOpen,
        apiHostsFailing, queueMessages, queueConsumers, spoolDepth, spoolOldest, ready,
        crashLoop, live, info, residentMemory, cpu, startTime, openFiles,
    ]

    // MARK: Counters

    static let deliveries = counter("deliveries_total", ["type"], "Messages taken from the build and retry queues")
    static let redeliveries = counter(
        "redeliveries_total", ["type"], "Messages that had been delivered before and were not settled")
    static let settlements = counter(
        "settlements_total", ["type", "settlement"],
        "Deliveries settled: ack, nack (tried again, one attempt charged), postponed (tried again without)")
    static let attempts = counter("attempts_total", ["type"], "Deliveries that were not the first attempt at their job")
    static let podsCreated = counter("pods_created_total", [], "Pods made")
    static let failures = counter("failures_total", ["reason"], "Builds set to FAILURE, by cause")
    static let reports = counter(
        "reports_total", ["kind", "class"], "Failure reports made, by what happened and whose fault it looks like")
    static let parked = counter("parked_total", ["reason"], "Messages put into the parked queue")
    static let timersArmed = counter(
        "timers_armed_total", [], "Init timers published to the broker, or kept here where it has no queue for them")
    static let timersFired = counter("timers_fired_total", [], "Verifications that an init timer brought")
    static let breakerOpened = counter("breaker_opened_total", ["service"], "Outages noticed")
    static let spoolJobs = counter(
        "spool_runs_total", ["kind", "outcome"], "Spool jobs that ended: done, failed (tried again), dead")
    static let httpConnectionsOpened = counter(
        "http_connections_opened_total", ["service"], "Connections made to an HTTP service")
    static let httpConnectionsReused = counter(
        "http_connections_reused_total", ["service"], "Requests that went over a connection that was there")
    static let httpBytesSent = counter(
        "http_sent_bytes_total", ["service"], "Sent to an HTTP service, headers and bodies")
    static let httpBytesReceived = counter(
        "http_received_bytes_total", ["service"], "Received from an HTTP service, headers and bodies")
    static let logLinesDropped = counter(
        "log_lines_dropped_total", [], "Log lines dropped because the reader of the log was too slow")
    static let janitorRemoved = counter("janitor_removed_total", ["what"], "What the janitor removed")

    // MARK: Histograms

    private static let quick: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let medium: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    private static let slow: [Double] = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]

    static let queueToPod = histogram(
        "queue_to_pod_seconds", slow, [],
        "From publishing a build to its pod, where the publisher or the broker set a timestamp (whole seconds)")
    static let deliveryToPod = histogram("delivery_to_pod_seconds", medium, [], "From taking a build to its pod")
    static let podToScheduled = histogram(
        "pod_to_scheduled_seconds", slow, [], "From a pod's creation to its node (the cluster's clock, whole seconds)")
    static let scheduledToRunning = histogram(
        "scheduled_to_running_seconds", slow, [],
        "From a pod's node to its first running container (the cluster's clock, whole seconds)")
    static let requestDuration = histogram(
        "request_duration_seconds", quick, ["service", "verb", "code"],
        "Requests to the Kubernetes API and the build API")
    static let httpConnect = histogram(
        "http_connect_seconds", quick, ["service"],
        "Name resolution and TCP, for each connection made to an HTTP service")
    static let httpHandshake = histogram(
        "http_tls_handshake_seconds", quick, ["service"],
        "The TLS handshake, for each connection made to an HTTP service")
    static let handlerDuration = histogram(
        "handler_duration_seconds", medium, ["type"], "From a delivery's turn to its settlement")
    static let confirmDuration = histogram(
        "confirm_duration_seconds", quick, [], "From publishing a message to the broker's confirm")

    // MARK: Gauges

    static let inFlight = gauge("in_flight", ["type"], "Deliveries being handled")
    static let unacked = gauge("unacked", [], "Deliveries taken and not settled")
    static let oldestUnacked = gauge("oldest_unacked_seconds", [], "Age of the oldest of them; 0 without any")
    static let waitingBuilds = gauge(
        "waiting_builds", ["why"],
        "Builds this worker left in a wait queue or with an init timer and has not seen again")
    static let timersExpected = gauge("timers_expected", [], "Init timers this worker armed that have still to fire")
    static let connections = gauge("connections", ["role"], "1 while the connection to RabbitMQ stands")
    static let httpConnectionsOpen = gauge(
        "http_connections_open", ["service"], "Connections to an HTTP service that are open")
    static let breakerOpen = gauge(
        "breaker_open", ["service"], "1 while a service is unavailable and consumption is paused")
    static let apiHostsFailing = gauge(
        "build_api_hosts_failing", [], "Build APIs that messages name, other than ECOSYSTEM_API, and that do not answer"
    )
    static let queueMessages = gauge(
        "queue_messages", ["role"], "Messages ready in a queue, at the janitor's last look")
    static let queueConsumers = gauge("queue_consumers", ["role"], "Consumers of a queue, at the janitor's last look")
    static let spoolDepth = gauge("spool_jobs", ["kind", "state"], "Jobs in the spool")
    static let spoolOldest = gauge(
        "spool_oldest_seconds", ["kind"], "Age of the oldest job that is not dead; 0 without any")
    static let ready = gauge("ready", [], "1 while the worker can do its work")
    static let crashLoop = gauge(
        "crash_loop", [], "1 while workers have crashed in a row at a step that no delivery has completed since")
    static let live = gauge("live", [], "1 while the worker makes progress")
    static let info = gauge("info", ["version"], "Always 1")

    // MARK: The process

    static let residentMemory = Metric(.gauge, "process_resident_memory_bytes", [], "Resident memory")
    static let cpu = Metric(.counter, "process_cpu_seconds_total", [], "Processor time, user and system")
    static let startTime = Metric(.gauge, "process_start_time_seconds", [], "Start of the process since 1970")
    static let openFiles = Metric(.gauge, "process_open_fds", [], "Open file descriptors")

    private static func counter(_ name: String, _ labels: [String], _ help: String) -> Metric {
        Metric(.counter, prefix + name, labels, help)
    }
    private static func gauge(_ name: String, _ labels: [String], _ help: String) -> Metric {
        Metric(.gauge, prefix + name, labels, help)
    }
    private static func histogram(_ name: String, _ limits: [Double], _ labels: [String], _ help: String) -> Metric {
        Metric(.histogram(limits: limits), prefix + name, labels, help)
    }
}
