/// The environment of one delivery: the process, the simulation, or an exhaustive walk.
package protocol DeliveryDrivers {
    /// Time since the delivery arrived.
    var now: Duration { get }
    /// Performs a step. Returns the answer, or `nil` if it arrives later through ``DeliveryRunner/advance(_:)``.
    mutating func take(_ step: DeliveryMachine.Step) -> DeliveryMachine.Input?
}

/// Performs a machine's steps in order until it ends.
package struct DeliveryRunner<Drivers: DeliveryDrivers> {
    package private(set) var machine: DeliveryMachine
    package var drivers: Drivers
    /// The asynchronous step that awaits its answer; `nil`: finished.
    package private(set) var pending: DeliveryMachine.Step?

    package init(_ machine: DeliveryMachine, _ drivers: Drivers) { (self.machine, self.drivers) = (machine, drivers) }

    /// Continues with the answer to ``pending``, until the next asynchronous step.
    package mutating func advance(_ input: DeliveryMachine.Input) {
        let now = self.drivers.now
        var step = self.machine.handle(input, at: now)
        while let answer = self.drivers.take(step) { step = self.machine.handle(answer, at: now) }
        if case .end = step { self.pending = nil } else { self.pending = step }
    }
}

extension DeliveryRunner: Sendable where Drivers: Sendable {}
