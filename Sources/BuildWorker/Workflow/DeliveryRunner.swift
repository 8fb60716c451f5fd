/// The world around one delivery, as far as it answers at once. What takes time a runner gives back as a step.
protocol DeliveryDrivers {
    /// Since the delivery came.
    var now: Duration { get }
    /// Why nothing more is to be begun for it.
    var interruption: DeliveryMachine.Interruption? { get }
    mutating func join(_ admission: DeliveryMachine.Admission)
    mutating func read(crashes: Int?) -> DeliveryMachine.Reading
    mutating func enqueue()
    /// - Returns: whether the build was stopped before.
    mutating func start() -> Bool
    mutating func begin(_ step: HandlingStep)
    mutating func decodePoison()
    mutating func emit(_ event: DeliveryEvent)
    mutating func leave()
}

/// … and what takes time in the process.
protocol AsyncDeliveryDrivers: DeliveryDrivers {
    /// Takes a step that ``DeliveryRunner/advance(_:)`` gave back.
    mutating func take(_ step: DeliveryMachine.Step, _ facts: Facts) async -> DeliveryMachine.Input
}

/// Takes a machine's steps, one after another, until it ends.
struct DeliveryRunner<Drivers: DeliveryDrivers> {
    private(set) var machine: DeliveryMachine
    var drivers: Drivers
    /// What takes time, and has not been answered.
    private(set) var pending: DeliveryMachine.Step?

    init(_ machine: DeliveryMachine, _ drivers: Drivers) { (self.machine, self.drivers) = (machine, drivers) }

    /// Goes on with the answer to ``pending``, until something takes time again, which is the new ``pending``. `nil`: it is over.
    mutating func advance(_ input: DeliveryMachine.Input) {
        var input = input
        let now = self.drivers.now
        while true {
            let step = self.machine.handle(input, at: now)
            input = .done
            switch step {
            case .join(let admission): self.drivers.join(admission)
            case .read(let crashes): input = .read(self.drivers.read(crashes: crashes))
            case .enqueue: self.drivers.enqueue()
            case .start: input = .started(wasStopped: self.drivers.start())
            case .begin(let step):
                if let interruption = self.drivers.interruption { input = .interrupted(interruption) } else { self.drivers.begin(step) }
            case .decodePoison: self.drivers.decodePoison()
            case .emit(let event): self.drivers.emit(event)
            case .leave: self.drivers.leave()
            case .wait, .perform, .persist, .pause, .settle:
                self.pending = step
                return
            case .end:
                self.pending = nil
                return
            }
        }
    }
}

extension DeliveryRunner where Drivers: AsyncDeliveryDrivers {
    /// To the end, once it has been received.
    mutating func run() async {
        while let step = self.pending {
            let input = await self.drivers.take(step, self.machine.facts)
            self.advance(input)
        }
    }
}

extension DeliveryRunner: Sendable where Drivers: Sendable {}
