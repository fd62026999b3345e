//! What a driver can switch: lamps and a buzzer.

/// One thing that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A lamp, 0 being that of the worst face.
    Lamp(usize),
    Buzzer,
    Alert,
}

/// Switches an output; what cannot be switched is said in the log by whoever does it.
pub(super) type Switch = Box<dyn FnMut(Output, bool) + Send>;
