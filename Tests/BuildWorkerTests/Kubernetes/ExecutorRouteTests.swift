import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite struct ExecutorRouteTests {
    private static func options(
        _ weights: (k8s: Int, sandbox: Int), excluding: (k8s: [String], sandbox: [String]) = ([], []),
        plugin: ExecutorOptions.Plugin = .k8s,
        vm: (image: String, weight: Int) = ("", 0), fallback: ExecutorOptions.VMFallback = .fail
    ) -> ExecutorOptions {
        var options = ExecutorOptions()
        options.vm.machine.baseImage = vm.image
        (options.vmShare.weight, options.vmFallback) = (vm.weight, fallback)
        options.plugin = plugin
        options.share = .init(weight: weights.k8s, exclusions: excluding.k8s)
        options.sandboxShare = .init(weight: weights.sandbox, exclusions: excluding.sandbox)
        return options
    }

    private static func build(_ annotations: JSONValue = [:], id: Int = 4711, image: String = "node:22") -> BuildConfig
    {
        BuildConfig(buildID: BuildID(rawValue: id), container: image, annotations: annotations)
    }

    private static let table: [(BuildConfig, ExecutorOptions, ExecutorOptions.Plugin, ExecutorRoute.Rule, String?)] = [
        (build(), options((0, 0)), .k8s, .default, nil),
        (build(), options((0, 0), plugin: .sandbox), .sandbox, .default, nil),
        (build(["screwdriver.cd/executor": "k8s-sandbox"]), options((0, 0)), .sandbox, .annotation, nil),
        (build(["beta.screwdriver.cd/executor": "k8s-sandbox"]), options((1, 0)), .sandbox, .annotation, nil),
        (build(["screwdriver.cd/executor": "k8s"]), options((0, 1), plugin: .sandbox), .k8s, .annotation, nil),
        // Of two, the later.
        (
            build(["screwdriver.cd/executor": "k8s", "beta.screwdriver.cd/executor": "k8s-sandbox"]), options((0, 0)),
            .sandbox, .annotation, nil
        ),
        // What is not there is as good as not asked for.
        (build(["screwdriver.cd/executor": "jenkins"]), options((0, 0)), .k8s, .default, "jenkins"),
        (build(["screwdriver.cd/executor": "jenkins"]), options((0, 1)), .sandbox, .weight, "jenkins"),
        // A VM is nothing that another executor has, too: where there is none, its pod is refused, unless an operator says otherwise.
        (build(["screwdriver.cd/executor": "k8s-vm"]), options((0, 0), vm: ("hyper:1", 0)), .vm, .annotation, nil),
        (
            build(["screwdriver.cd/executor": "k8s-vm"]), options((0, 0), vm: ("hyper:1", 0), fallback: .k8s), .vm,
            .annotation, nil
        ),
        (build(["screwdriver.cd/executor": "k8s-vm"]), options((0, 1)), .vm, .annotation, nil),
        (
            build(["screwdriver.cd/executor": "k8s-vm"]), options((0, 1), plugin: .sandbox, fallback: .k8s), .k8s,
            .annotation, "k8s-vm"
        ),
        (build(["screwdriver.cd/executor": "K8S-VM"]), options((0, 0), vm: ("hyper:1", 0)), .k8s, .default, "K8S-VM"),
        (build(), options((0, 0), vm: ("hyper:1", 3)), .vm, .weight, nil),
        (build(), options((0, 0), plugin: .vm, vm: ("hyper:1", 0)), .vm, .default, nil),
        (
            build(["screwdriver.cd/executor": "k8s"]), options((0, 0), plugin: .vm, vm: ("hyper:1", 1)), .k8s,
            .annotation, nil
        ),
        (build(["screwdriver.cd/executor": 7]), options((0, 0)), .k8s, .default, "7"),
        (build(["screwdriver.cd/executor": nil]), options((0, 0)), .k8s, .default, nil),
        (build(["executor": "k8s-sandbox"]), options((0, 0)), .k8s, .default, nil),
        (build(), options((5, 0), plugin: .sandbox), .k8s, .weight, nil),
        (build(), options((0, 5)), .sandbox, .weight, nil),
        // An executor that may not have the image is not drawn, whatever it weighs.
        (build(image: "registry/RHEL6:2"), options((9, 1), excluding: (["rhel6"], [])), .sandbox, .weight, nil),
        (build(image: "registry/rhel7:2"), options((1, 0), excluding: (["rhel6"], [])), .k8s, .weight, nil),
        (build(image: "node:22"), options((9, 9), excluding: ([], ["^node:(20|22)$"])), .k8s, .weight, nil),
        // The default may: somebody must.
        (build(image: "rhel6"), options((9, 0), excluding: (["rhel6"], []), plugin: .k8s), .k8s, .default, nil),
        // Who asks for it gets it.
        (
            build(["screwdriver.cd/executor": "k8s"], image: "rhel6"), options((9, 9), excluding: (["rhel6"], [])),
            .k8s, .annotation, nil
        ),
    ]

    @Test(arguments: table)
    func theRules(
        build: BuildConfig, options: ExecutorOptions, executor: ExecutorOptions.Plugin, rule: ExecutorRoute.Rule,
        unknown: String?
    ) {
        let route = ExecutorRoute(build, options)
        #expect((route.executor, route.rule, route.unknown) == (executor, rule, unknown))
    }

    @Test(arguments: [(1, 1), (1, 3), (99, 1)])
    func buildsInARowAreSharedByWeight(_ k8s: Int, _ sandbox: Int) {
        let options = Self.options((k8s, sandbox))
        let count = (1...10_000).count { ExecutorRoute(Self.build(id: $0), options).executor == .sandbox }
        let expected = 10_000 * sandbox / (k8s + sandbox)
        #expect(abs(count - expected) < 200, "\(count) of \(expected)")
    }

    /// Another release that gave a build to another executor would make a second pod during its roll-out.
    @Test func theLotIsThisOneForEver() {
        let options = Self.options((1, 1))
        let lots = (1...16).map { ExecutorRoute(Self.build(id: $0), options).executor == .sandbox ? "s" : "k" }.joined()
        #expect(lots == "kkkkssskkskkssks")
    }

    /// Namespaces of one API server share its connections.
    @Test func everyAPIServerHasATransportOfItsOwn() {
        var options = ExecutorOptions()
        options.sandbox.jobsNamespace = "elsewhere"
        var asked: [String] = []
        func clusters() -> BuildClusters {
            BuildClusters(options) { _, options in
                asked.append(options.host)
                return HTTPTransport()
            }
        }
        #expect(clusters().places.count == 2)
        #expect(asked == [options.kubernetes.host])
        options.sandbox.host = "https://sandbox.example.com"
        #expect(clusters().places.count == 2)
        #expect(asked == [options.kubernetes.host, options.kubernetes.host, "https://sandbox.example.com"])
    }

    /// API servers speak HTTP/2, but only over TLS.
    @Test(arguments: [
        ("kubernetes.default", true), ("https://k.example.com", true), ("HTTPS://k.example.com:6443", true),
        ("http://127.0.0.1:8001", false),
    ])
    func onlyOverTLSIsAnAPIServerMultiplexed(host: String, isMultiplexed: Bool) {
        var options = KubernetesOptions()
        options.host = host
        #expect(HTTPOptions("k", options) { _ in }.isMultiplexed == isMultiplexed)
    }

    @Test func onePlaceForAllIsAskedOnce() {
        var options = ExecutorOptions()
        options.sandbox.nodeSelectors = [("pool", "sandbox")]
        let clusters = BuildClusters(options) { _, _ in HTTPTransport() }
        #expect(clusters.places.map(\.executor) == [.k8s])
        let home = clusters.primary(of: Self.build(["screwdriver.cd/executor": "k8s-sandbox"]))
        #expect(home.options.nodeSelectors.map(\.value) == ["sandbox"])
        #expect(home.place.executor == .k8s)
        #expect(clusters.fallbacks(for: home.place).isEmpty)
    }

    @Test(
        arguments: [\KubernetesOptions.jobsNamespace, \.host, \.prefix, \.tokenFile]
            as [any WritableKeyPath<KubernetesOptions, String> & Sendable])
    func whatIsElsewhereIsAPlaceOfItsOwn(_ property: any WritableKeyPath<KubernetesOptions, String> & Sendable) {
        var options = ExecutorOptions()
        options.sandbox[keyPath: property] = "elsewhere"
        let clusters = BuildClusters(options) { _, _ in HTTPTransport() }
        #expect(clusters.places.map(\.executor) == [.k8s, .sandbox])
        let home = clusters.primary(of: Self.build(["screwdriver.cd/executor": "k8s-sandbox"]))
        #expect(clusters.all(from: home.place).map(\.executor) == [.sandbox, .k8s])
    }
}
