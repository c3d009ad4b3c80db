//! The secret that opens one log request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 32 random bytes.
pub(super) struct Ticket([u8; 32]);

impl Ticket {
    /// A new one; `None` when this machine has no randomness to give.
    pub(super) fn new() -> Option<Self> {
        let mut bytes = [0; 32];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As the header bears it.
    pub(super) fn header(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the API server is told of it.
    pub(super) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }
}
