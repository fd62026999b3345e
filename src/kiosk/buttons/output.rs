//! What a driver can switch: lamps and a buzzer.

/// One thing that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A lamp, 0 being that of the worst face.
    Lamp(usize),
    Buzzer,
    Alert,
}

/// Switches an output on or off; the driver logs its failures.
pub(super) type Switch = Box<dyn FnMut(Output, bool) + Send>;
