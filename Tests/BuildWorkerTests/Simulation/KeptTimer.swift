/// An init timer that a worker keeps itself, written down on its disk.
struct KeptTimer {
    let worker: Int
    let build: Int
    let round: Int
    /// It was handed over, or forgotten.
    var isOver = false
}
