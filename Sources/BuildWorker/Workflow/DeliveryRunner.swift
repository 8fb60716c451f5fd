/// The world around one delivery: the process, the simulation, or the walk through every possible world.
package protocol DeliveryDrivers {
    /// Since the delivery came.
    var now: Duration { get }
    /// Takes a step.
    ///
    /// - Returns: `nil`: it takes time, and the answer comes by ``DeliveryRunner/advance(_:)``.
    mutating func take(_ step: DeliveryMachine.Step) -> DeliveryMachine.Input?
}

/// Takes a machine's steps, one after another, until it ends.
package struct DeliveryRunner<Drivers: DeliveryDrivers> {
    package private(set) var machine: DeliveryMachine
    package var drivers: Drivers
    /// What takes time, and has not been answered. `nil`: it is over.
    package private(set) var pending: DeliveryMachine.Step?

    package init(_ machine: DeliveryMachine, _ drivers: Drivers) { (self.machine, self.drivers) = (machine, drivers) }

    /// Goes on with the answer to ``pending``, until something takes time again.
    package mutating func advance(_ input: DeliveryMachine.Input) {
        let now = self.drivers.now
        var step = self.machine.handle(input, at: now)
        while let answer = self.drivers.take(step) { step = self.machine.handle(answer, at: now) }
        if case .end = step { self.pending = nil } else { self.pending = step }
    }
}

extension DeliveryRunner: Sendable where Drivers: Sendable {}
