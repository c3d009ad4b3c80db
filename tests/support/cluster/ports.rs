//! Ports that stay ours while a server is stopped and started again.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that the system gives to whoever asks for any port (32768 and above on Linux).
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on, and that nobody gets who does not ask for it by number.
pub fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Another process begins elsewhere; one process never gives the same port twice.
    let start = u16::try_from(std::process::id().wrapping_mul(101) % u32::from(COUNT)).unwrap();
    (0..COUNT)
        .map(|_| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("no port is free between 20000 and 32000")
}
