//! The console that the kiosk runs on, where a keyboard does what nobody wants in a shop: Ctrl+C
//! ends the kiosk, Ctrl+Alt+F2 shows a login, Ctrl+Alt+Del restarts the board.

/// Has the kernel ignore the keyboard on this console, if it is one. A window system's terminal is
/// none, and the service resets its console when it ends.
#[cfg(feature = "board")]
pub(super) fn deafen() {
    // From the kernel's `linux/kd.h`.
    const KDSKBMODE: libc::Ioctl = 0x4b45;
    const K_OFF: libc::c_int = 4;
    #[expect(unsafe_code, reason = "no safe wrapper offers this call")]
    let result = unsafe {
        // SAFETY: the call takes a number in place of a pointer, and fails on other files.
        libc::ioctl(libc::STDIN_FILENO, KDSKBMODE, K_OFF)
    };
    if result == 0 {
        tracing::info!("the console's keyboard is off");
    }
}

#[cfg(not(feature = "board"))]
pub(super) const fn deafen() {}
