internal import Foundation

extension ConfigurationLayers {
    /// What no value shows alone. Looks at the effective values only.
    mutating func checkConsistency() {
        self.checkBroker()
        for plugin in ExecutorOptions.Plugin.allCases {
            self.checkMounts(plugin)
            self.checkServer(plugin)
        }
        self.checkTokens()
        self.checkVM()
        self.checkPEM("ecosystem.caFile", self.configuration.ecosystem.caFile, .certificates)
        if let refusal = APIHosts().refusal(of: self.configuration.ecosystem.api) { self.refuse("ecosystem.api", "must be another address: \(refusal)") }
        let cache = self.configuration.ecosystem.cache
        if cache.strategy == "disk", !KubernetesName.absolutePath.matches(cache.path) {
            self.refuse("ecosystem.cache.path", "must be \(KubernetesName.absolutePath.rule) where the cache strategy is disk")
        }
    }

    private mutating func checkBroker() {
        let rabbitmq = self.configuration.rabbitmq
        if rabbitmq.transport == .amqps {
            switch rabbitmq.caFile {
            case nil:
                self.refuse(
                    "rabbitmq.protocol",
                    "amqps needs RABBITMQ_CA_FILE (rabbitmq.caFile): a PEM file with the authorities that may have signed the broker's certificate")
            case let file?:
                if !FileManager.default.isReadableFile(atPath: file) { self.refuse("rabbitmq.caFile", "must be a file that can be read") }
            }
        }
        self.checkClientCertificate()
        let names = [rabbitmq.queue, rabbitmq.waitQueue, rabbitmq.parkedQueue]
        if rabbitmq.retryQueueEnabled, names.contains(where: [rabbitmq.retryQueue, rabbitmq.retryWaitQueue, rabbitmq.initQueue].contains) {
            self.refuse("rabbitmq.retryQueue", "must be another queue than \(rabbitmq.queue), and none of those named after it")
        }
    }

    private mutating func checkClientCertificate() {
        let rabbitmq = self.configuration.rabbitmq
        for (key, file, other) in [("certFile", rabbitmq.certFile, rabbitmq.keyFile), ("keyFile", rabbitmq.keyFile, rabbitmq.certFile)] {
            guard let file else { continue }
            if rabbitmq.transport != .amqps {
                self.refuse("rabbitmq.\(key)", "must not be set without amqps (RABBITMQ_PROTOCOL): without TLS nobody sees a certificate")
            } else if other == nil {
                self.refuse("rabbitmq.\(key)", "must be set together with \(key == "certFile" ? "RABBITMQ_KEY_FILE" : "RABBITMQ_CERT_FILE")")
            } else if !FileManager.default.isReadableFile(atPath: file) {
                self.refuse("rabbitmq.\(key)", "must be a file that can be read")
            }
        }
    }

    private mutating func checkPEM(_ key: String, _ file: String?, _ kind: PEMFile.Kind) {
        guard let file, let problem = PEMFile.problem(file, kind) else { return }
        self.refuse(key, "must be a PEM file with \(kind == .certificates ? "certificates" : "a private key"), but \(file) \(problem)")
    }

    private mutating func checkServer(_ plugin: ExecutorOptions.Plugin) {
        let options = self.configuration.executor.options(of: plugin)
        let prefix = "executor.\(plugin.rawValue).options.kubernetes"
        guard options.usesTLS else { return }
        let files: [(key: String, file: String?, kind: PEMFile.Kind)] = [
            ("caFile", plugin == .k8s ? options.authoritiesPath : options.caFile, .certificates), ("clientCertFile", options.clientCertFile, .certificates),
            ("clientKeyFile", options.clientKeyFile, .privateKey),
        ]
        // What another executor has from k8s is told there.
        for (key, file, kind) in files where plugin == .k8s || self.origins["\(prefix).\(key)"] != nil {
            self.checkPEM("\(prefix).\(key)", file, kind)
        }
        guard plugin == .k8s || options.clientCertFile != self.configuration.executor.kubernetes.clientCertFile else { return }
        if (options.clientCertFile == nil) != (options.clientKeyFile == nil) {
            let (there, missing) = options.clientKeyFile == nil ? ("clientCertFile", "clientKeyFile") : ("clientKeyFile", "clientCertFile")
            self.refuse("\(prefix).\(there)", "must be set together with \(missing)")
        }
    }

    /// Kubernetes refuses every pod that has two volumes of one name, or two mounts at one path.
    private mutating func checkMounts(_ plugin: ExecutorOptions.Plugin) {
        let options = self.configuration.executor.options(of: plugin)
        let mounts =
            options.volumeMounts.map { ("volumeMounts", $0.name, $0.mountPath) }
            + options.buildSecretsFile.map { ("buildSecretsFile", $0.name, $0.mountPath) }
        for (index, (key, name, path)) in mounts.enumerated() {
            let key = "executor.\(plugin.rawValue).options.kubernetes.\(key)"
            // What another executor has from k8s is told there.
            guard plugin == .k8s || mounts[...index].contains(where: { self.origins["executor.\(plugin.rawValue).options.kubernetes.\($0.0)"] != nil }) else { continue }
            if mounts[..<index].contains(where: { $0.1 == name }) {
                self.refuse(key, "the name \(name.quoted) must be there once among all volumes")
            }
            if mounts[..<index].contains(where: { $0.2 == path }) {
                self.refuse(key, "the mountPath \(path.quoted) must be there once among all mounts")
            }
        }
    }

    /// The token that one API server takes is not for another's eyes.
    private mutating func checkTokens() {
        for plugin in ExecutorOptions.Plugin.derived where self.configuration.executor.options(of: plugin).isOtherCluster {
            let prefix = "executor.\(plugin.rawValue).options.kubernetes"
            guard self.origins["\(prefix).token"] == nil, self.origins["\(prefix).tokenFile"] == nil else { continue }
            self.refuse("\(prefix).host", "another API server than that of k8s needs a token of its own: set token or tokenFile beside it")
        }
    }

    /// What nobody can be given must not be what anybody gets.
    private mutating func checkVM() {
        let executor = self.configuration.executor
        guard executor.vm.machine.baseImage.isEmpty else { return }
        let needs = "k8s-vm needs K8S_BASE_IMAGE (executor.k8s-vm.options.kubernetes.baseImage): the image whose /sd/hyper-runner.sh starts the VM"
        if executor.plugin == .vm { self.refuse("executor.plugin", needs) }
        if executor.vmShare.weight > 0 { self.refuse("executor.k8s-vm.weightage", needs) }
    }

    /// Where the key's value comes from is where the problem is; one that is already known is not told twice.
    private mutating func refuse(_ key: String, _ expectation: String) {
        guard case .setting(let setting) = KeyTree.place(of: key), !self.problems.contains(where: { $0.key == key }) else { return }
        let value = setting.value(self.configuration)
        self.add(
            ConfigurationProblem(
                key: key, origin: self.origins[key] ?? .default, value: RawValue(value).shown, expectation: expectation))
    }

    /// Where a file says whose certificates to trust, and none of it counts.
    private mutating func noteUncheckedCertificates() {
        for plugin in ExecutorOptions.Plugin.allCases {
            let options = self.configuration.executor.options(of: plugin)
            let prefix = "executor.\(plugin.rawValue).options.kubernetes"
            guard plugin == .k8s || self.origins["\(prefix).caFile"] != nil || options.isOtherCluster else { continue }
            if !options.usesTLS {
                guard let file = options.caFile else { continue }
                self.add(note: "\(prefix).caFile (\(file)) is not looked at: the API server's address begins with http://, so nobody checks who answers")
            } else if options.authoritiesPath == nil, options.token != nil || FileVersion(options.tokenFile) != nil {
                let lack = options.isOtherCluster ? "no CA is given" : "\(KubernetesOptions.mountedAuthorities) is not there"
                let setting = plugin == .k8s ? "K8S_CA_FILE" : "\(prefix).caFile"
                self.add(note: "\(lack) for the API server of \(plugin.rawValue): the system's CAs are trusted with its token; \(setting) names its own")
            }
        }
        let rabbitmq = self.configuration.rabbitmq
        if let file = rabbitmq.caFile, rabbitmq.transport != .amqps, rabbitmq.managementURL?.hasPrefix("https:") != true {
            self.add(note: "RABBITMQ_CA_FILE (\(file)) is not looked at without amqps (RABBITMQ_PROTOCOL): nobody checks who answers")
        }
    }

    /// The worker we succeed put user and password into a URI, which decoded them.
    mutating func noteOddities() {
        let executor = self.configuration.executor
        if executor.kubernetes.buildToken == .secret, !executor.vm.machine.baseImage.isEmpty {
            self.add(note: "K8S_BUILD_TOKEN=secret does not count for k8s-vm: the VM's launcher takes the token as an argument, so it stands in those pods")
        }
        self.noteUncheckedCertificates()
        let rabbitmq = self.configuration.rabbitmq
        for (key, text) in [("rabbitmq.username", rabbitmq.username), ("rabbitmq.password", rabbitmq.password.exposed)] {
            if text.contains(/%[0-9A-Fa-f]{2}/) { self.add(note: "\(key) has a percent sign before two digits; it is used as it is, and not decoded as in a URI") }
        }
    }
}
