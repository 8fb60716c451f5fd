import ArgumentParser
import Glibc

/// The command line.
@main
struct ClusterSimulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-simulator",
        abstract: "Simulates the pods of a Kubernetes cluster and the build API of Screwdriver.",
        discussion: """
            Three HTTP servers on the loopback address, for integration tests, a quick start and benchmarks of \
            a build worker. When all are up, one line of JSON with their addresses goes to standard output:

              {"control":"http://127.0.0.1:P1","kubernetes":"http://127.0.0.1:P2","api":"http://127.0.0.1:P3"}

            KUBERNETES: create, get (also /status), list (limit, continue, resourceVersion), watch and delete pods by name or \
            labelSelector; create, get, list, patch (merge patches) and delete secrets, which go with the pods that own them. \
            The image of a pod's first container chooses its fate, such as fate/bad-image:1; any other image runs:
              running  succeeded  stuck-pending  stuck-initializing  slow-SECONDS  bad-image  bad-launcher-image
              invalid-image  crash  config-error  failed  evicted  unknown  slow-delete
              short  short-unstable  short-failure  short-aborted     (run half a second; their builds end so)
            or how its creation fails (once for each pod name, N times, or always):
              refuse-N  refuse-always  quota  quota-N  forbidden  invalid  no-namespace
              reset-before  reset-after  hang-before  hang-after      (before or after the pod is created)

            A build's container is its launcher: when it begins, the build whose id is in the label sdbuild is RUNNING; when it ends by \
            itself, the build ends: SUCCESS, or as its fate says. Where the build is neither QUEUED nor BLOCKED the launcher exits with 1. \
            That of failed, evicted and unknown says no more once the build runs, and that of crash says nothing.

            API: PUT and GET /v4/builds/ID, POST /v4/builds/ID/token, GET /v4/builds/ID/steps, GET /v4/status, with the rules and words \
            of Screwdriver's own. A bearer token is a JSON web token with scope, username (the build's id) and exp; its signature may \
            be any. Every build is known, and QUEUED with its first step active, until CONTROL or a request says otherwise.

            CONTROL:
              GET /health, /counts, /state              what has happened
              POST /faults RULE -> {"id":n}             make requests fail; DELETE /faults or /faults/n
                RULE: {"listener":"kubernetes"|"api", "method":"POST", "path":"regular expression", "build":"4711",
                       "times":2, "skip":1, "probability":0.1, "seed":7, "action":ACTION}
                ACTION: {"status":503,"body":{},"after":false} | {"reset":"before"|"after"} | {"delayMs":900}
                       | {"hang":"before"|"after","seconds":5} | {"redirect":"http://…"} | {"truncate":true}
                       | {"hold":true}  (takes effect at once, is answered when the rule is removed)
                       | {"raw":KIND}   the answer, as few servers give it: trailers  interim  no-space  slow-bytes
                       | {"raw":KIND,"after":false}   no answer, then the connection is closed: half-headers  ssh  http2-frames
                         wrong-length  bad-chunk  huge-header  endless  gzip-bomb  cut ("at":40 bytes, or anywhere)
              POST /latency {"ms":20}                   hold back every answer
              POST /listeners {"name":"api","open":false}   refuse connections, drop those there are
              POST /token {"token":"new"}               as --token; null: any token is accepted
              POST /builds/ID {"status":"ABORTED"}      change a build as a PUT does, by the same rules: 409 if it has ended
              PUT /builds/ID {"status":"SUCCESS","statusMessage":"text","steps":false}
                                                        have a build in this state, whatever it was; "steps":false: without steps
              DELETE /builds/ID                         the API knows no such build, until PUT or /reset
              GET /stops?after=N -> {"stops":[{"number":N+1,"build":"4711","t_ms":n},…]}
                                                        the builds that have ended, whoever ended them, in order: Screwdriver has each
                                                        stopped by a message, which whoever plays its queue publishes
              POST /pods/NAME {"fate":"failed"}         change a pod now; DELETE /pods/NAME removes it
              POST /compact                             forget the past: lists begun before cannot be continued (410)
              POST /reset                               forget pods, builds, faults, latency and counters

            Try it:
              cluster-simulator --control-port 7000 --kubernetes-port 7001 --api-port 7002 --journal /tmp/journal &
              curl -s 127.0.0.1:7001/api/v1/namespaces/builds/pods -d '{"metadata":{"name":"a","labels":{"sdbuild":"1"}},
                "spec":{"containers":[{"name":"1","image":"fate/slow-2"}]}}'
              curl -s '127.0.0.1:7001/api/v1/namespaces/builds/pods?labelSelector=sdbuild%3D1'
            """)

    @Option(help: "Port of the control server; 0: any free one.")
    var controlPort = 0

    @Option(help: "Port of the Kubernetes API; 0: any free one.")
    var kubernetesPort = 0

    @Option(help: "Port of the build API; 0: any free one.")
    var apiPort = 0

    @Option(
        help: ArgumentHelp(
            "Write one line of JSON for every request on both APIs. The file is replaced.", valueName: "file"))
    var journal: String?

    @Option(name: .customLong("latency-ms"), help: "Hold back every answer of both APIs; the effect comes at once.")
    var latencyMilliseconds: Int64 = 0

    @Option(help: "The only namespace that exists. (default: every one does)")
    var namespace: String?

    @Option(
        name: .customLong("start-delay-ms"),
        help: "From the creation of a pod to its scheduling, again to its start, and again to its end if it has one.")
    var startDelayMilliseconds: Int64 = 50

    @Option(help: "The only bearer token that the Kubernetes API accepts. (default: any or none)")
    var token: String?

    @Option(
        help: ArgumentHelp(
            """
            A real API server behind the Kubernetes port, which gets every request that is not told to fail; pods of \
            --namespace are bound and made to run there. Its administrator's token is in the variable API_SERVER_TOKEN.
            """,
            valueName: "http://127.0.0.1:port"))
    var apiServer: APIServerAddress?

    func validate() throws {
        for port in [controlPort, kubernetesPort, apiPort] where !(0...65_535).contains(port) {
            throw ValidationError("\(port) is not a port.")
        }
        for milliseconds in [latencyMilliseconds, startDelayMilliseconds] where !(0...3_600_000).contains(milliseconds)
        {
            throw ValidationError("Delays must be between 0 and 3600000 ms.")
        }
        _ = try realCluster()
    }

    private func realCluster() throws -> Settings.RealCluster? {
        guard let apiServer else { return nil }
        guard let namespace else { throw ValidationError("--api-server wants --namespace.") }
        guard self.token == nil else {
            throw ValidationError("A real API server knows its tokens: --token does not go with --api-server.")
        }
        guard let token = getenv("API_SERVER_TOKEN").map({ String(cString: $0) }), !token.isEmpty else {
            throw ValidationError("--api-server wants the variable API_SERVER_TOKEN.")
        }
        return Settings.RealCluster(address: apiServer, token: token, namespace: namespace)
    }

    func run() throws {
        let settings = Settings(
            namespace: namespace, token: token, startDelayMilliseconds: startDelayMilliseconds,
            latencyMilliseconds: latencyMilliseconds, realCluster: try realCluster())
        let server = Server(
            settings: settings, ports: [.control: controlPort, .kubernetes: kubernetesPort, .api: apiPort],
            journalPath: journal)
        // A thrown error's description goes to standard error, with exit code 1.
        try server.run()
    }
}
