internal import Clients
internal import Foundation
internal import RabbitMQ
internal import Support

extension ConfigurationLayers {
    /// Checks rules that span several keys, on effective values only.
    mutating func checkConsistency() {
        self.checkBroker()
        for plugin in ExecutorOptions.Plugin.allCases {
            self.checkMounts(plugin)
            self.checkServer(plugin)
        }
        self.checkTokens()
        self.checkVM()
        let ecosystem = self.configuration.ecosystem
        self.checkPEM("ecosystem.caFile", ecosystem.caFile, .certificates)
        if let refusal = APIHosts().refusal(of: ecosystem.api) {
            self.refuse("ecosystem.api", "must be another address: \(refusal)")
        }
        if ecosystem.cache.strategy == "disk", !KubernetesName.absolutePath.matches(ecosystem.cache.path) {
            self.refuse(
                "ecosystem.cache.path", "must be \(KubernetesName.absolutePath.rule) where the cache strategy is disk")
        }
    }

    private mutating func checkBroker() {
        let rabbitmq = self.configuration.rabbitmq
        let usesTLS = rabbitmq.transport == .amqps
        if usesTLS, rabbitmq.caFile == nil {
            let file = "a PEM file with the authorities that may have signed the broker's certificate"
            self.refuse("rabbitmq.protocol", "amqps needs RABBITMQ_CA_FILE (rabbitmq.caFile): \(file)")
        }
        if usesTLS { self.checkReadable("rabbitmq.caFile", rabbitmq.caFile) }
        let certificate = [
            ("certFile", rabbitmq.certFile, "RABBITMQ_KEY_FILE", rabbitmq.keyFile),
            ("keyFile", rabbitmq.keyFile, "RABBITMQ_CERT_FILE", rabbitmq.certFile),
        ]
        for (name, file, otherName, other) in certificate where file != nil {
            let key = "rabbitmq.\(name)"
            if !usesTLS {
                self.refuse(
                    key, "must not be set without amqps (RABBITMQ_PROTOCOL): without TLS nobody sees a certificate")
            } else if other == nil {
                self.refuse(key, "must be set together with \(otherName)")
            } else {
                self.checkReadable(key, file)
            }
        }
        let names = [rabbitmq.queue, rabbitmq.waitQueue, rabbitmq.parkedQueue]
        let verification = [rabbitmq.retryQueue, rabbitmq.retryWaitQueue, rabbitmq.initQueue]
        if rabbitmq.retryQueueEnabled, names.contains(where: verification.contains) {
            self.refuse(
                "rabbitmq.retryQueue", "must be another queue than \(rabbitmq.queue), and none of those named after it")
        }
    }

    private mutating func checkReadable(_ key: String, _ file: String?) {
        guard let file, !FileManager.default.isReadableFile(atPath: file) else { return }
        self.refuse(key, "must be a file that can be read")
    }

    private mutating func checkPEM(_ key: String, _ file: String?, _ kind: PEMFile.Kind) {
        guard let file, let problem = PEMFile.problem(file, kind) else { return }
        self.refuse(
            key,
            "must be a PEM file with \(kind == .certificates ? "certificates" : "a private key"), but \(file) \(problem)"
        )
    }

    private func key(_ plugin: ExecutorOptions.Plugin, _ name: String) -> String {
        "executor.\(plugin.rawValue).options.kubernetes.\(name)"
    }

    /// Whether the option is set for this executor; problems of inherited values are reported for `k8s`.
    private func isOwn(_ plugin: ExecutorOptions.Plugin, _ name: String) -> Bool {
        plugin == .k8s || self.origins[self.key(plugin, name)] != nil
    }

    private mutating func checkServer(_ plugin: ExecutorOptions.Plugin) {
        let options = self.configuration.executor.options(of: plugin)
        guard options.usesTLS else { return }
        let files: [(name: String, file: String?, kind: PEMFile.Kind)] = [
            ("caFile", plugin == .k8s ? options.authoritiesPath : options.caFile, .certificates),
            ("clientCertFile", options.clientCertFile, .certificates),
            ("clientKeyFile", options.clientKeyFile, .privateKey),
        ]
        for (name, file, kind) in files where self.isOwn(plugin, name) {
            self.checkPEM(self.key(plugin, name), file, kind)
        }
        let (certificate, key) = (options.clientCertFile, options.clientKeyFile)
        guard plugin == .k8s || certificate != self.configuration.executor.kubernetes.clientCertFile else { return }
        if (certificate == nil) != (key == nil) {
            let (there, missing) =
                key == nil ? ("clientCertFile", "clientKeyFile") : ("clientKeyFile", "clientCertFile")
            self.refuse(self.key(plugin, there), "must be set together with \(missing)")
        }
    }

    /// Kubernetes rejects a pod with duplicate volume names or mount paths.
    private mutating func checkMounts(_ plugin: ExecutorOptions.Plugin) {
        let options = self.configuration.executor.options(of: plugin)
        let mounts =
            options.volumeMounts.map { ("volumeMounts", $0.name, $0.mountPath) }
            + options.buildSecretsFile.map { ("buildSecretsFile", $0.name, $0.mountPath) }
        for (index, (setting, name, path)) in mounts.enumerated() {
            let key = self.key(plugin, setting)
            guard mounts[...index].contains(where: { self.isOwn(plugin, $0.0) }) else { continue }
            let earlier = mounts[..<index]
            if earlier.contains(where: { $0.1 == name }) {
                self.refuse(key, "the name \(name.quoted) must be there once among all volumes")
            }
            if earlier.contains(where: { $0.2 == path }) {
                self.refuse(key, "the mountPath \(path.quoted) must be there once among all mounts")
            }
        }
    }

    /// A token must not be sent to another executor's API server.
    private mutating func checkTokens() {
        for plugin in ExecutorOptions.Plugin.derived
        where self.configuration.executor.options(of: plugin).isOtherCluster {
            guard !self.isOwn(plugin, "token"), !self.isOwn(plugin, "tokenFile") else { continue }
            let need = "another API server than that of k8s needs a token of its own: set token or tokenFile beside it"
            self.refuse(self.key(plugin, "host"), need)
        }
    }

    /// k8s-vm needs a base image if it is selected or has a weight.
    private mutating func checkVM() {
        let executor = self.configuration.executor
        guard executor.vm.machine.baseImage.isEmpty else { return }
        let image = "the image whose /sd/hyper-runner.sh starts the VM"
        let needs = "k8s-vm needs K8S_BASE_IMAGE (\(self.key(.vm, "baseImage"))): \(image)"
        if executor.plugin == .vm { self.refuse("executor.plugin", needs) }
        if executor.vmShare.weight > 0 { self.refuse("executor.k8s-vm.weightage", needs) }
    }

    /// Adds a problem, with the origin of the key's value, unless the key already has one.
    private mutating func refuse(_ key: String, _ expectation: String) {
        guard case .setting(let setting) = KeyTree.place(of: key), !self.problems.contains(where: { $0.key == key })
        else { return }
        let value = RawValue(setting.value(self.configuration)).shown
        self.problems.add(key, self.origins[key] ?? .default, value: value, expectation)
    }

    /// Notes a CA file that has no effect because certificates are not verified.
    private mutating func noteUncheckedCertificates() {
        for plugin in ExecutorOptions.Plugin.allCases {
            let options = self.configuration.executor.options(of: plugin)
            guard self.isOwn(plugin, "caFile") || options.isOtherCluster else { continue }
            let key = self.key(plugin, "caFile")
            if !options.usesTLS {
                guard let file = options.caFile else { continue }
                let reason = "the API server's address begins with http://, so nobody checks who answers"
                self.notes.append("\(key) (\(file)) is not looked at: \(reason)")
            } else if options.authoritiesPath == nil, options.token != nil || FileVersion(options.tokenFile) != nil {
                let lack =
                    options.isOtherCluster ? "no CA is given" : "\(KubernetesOptions.mountedAuthorities) is not there"
                let trust =
                    "the system's CAs are trusted with its token; \(plugin == .k8s ? "K8S_CA_FILE" : key) names its own"
                self.notes.append("\(lack) for the API server of \(plugin.rawValue): \(trust)")
            }
        }
        let rabbitmq = self.configuration.rabbitmq
        if let file = rabbitmq.caFile, rabbitmq.transport != .amqps, rabbitmq.managementURL?.hasPrefix("https:") != true
        {
            self.notes.append(
                "RABBITMQ_CA_FILE (\(file)) is not looked at without amqps (RABBITMQ_PROTOCOL): nobody checks who answers"
            )
        }
    }

    mutating func noteOddities() {
        let executor = self.configuration.executor
        if executor.kubernetes.buildToken == .secret, !executor.vm.machine.baseImage.isEmpty {
            let reason = "the VM's launcher takes the token as an argument, so it stands in those pods"
            self.notes.append("K8S_BUILD_TOKEN=secret does not count for k8s-vm: \(reason)")
        }
        self.noteUncheckedCertificates()
        // The original worker put user and password into a URI, which decoded them.
        let rabbitmq = self.configuration.rabbitmq
        for (key, text) in [("rabbitmq.username", rabbitmq.username), ("rabbitmq.password", rabbitmq.password.exposed)]
        where text.contains(/%[0-9A-Fa-f]{2}/) {
            self.notes.append(
                "\(key) has a percent sign before two digits; it is used as it is, and not decoded as in a URI")
        }
    }
}
