//! The secret that opens one request: what the API server is told of it, and whether it opens a request at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::ContactSyncLogRequest;

/// How long a request is good for.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// By how much the API server's clock may be ahead of ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// 32 random bytes that only the requester has.
pub struct Ticket([u8; 32]);

impl Ticket {
    /// A new one; `None` when this machine has no randomness to give.
    pub fn new() -> Option<Self> {
        let mut bytes = [0; 32];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As the header bears it: base64url without padding.
    pub fn header(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the API server is told of it.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    /// Reads a ticket as the header bears it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Whether it opens this request at this time. How long that takes says nothing of the ticket.
    pub(super) fn opens(&self, request: &ContactSyncLogRequest, now: Timestamp) -> bool {
        let Ok(wanted) = hex::decode(&request.spec.ticket_sha256) else { return false };
        let fits: bool = Sha256::digest(self.0).as_slice().ct_eq(&wanted).into();
        let leaving = request.metadata.deletion_timestamp.is_some();
        fits && !leaving && age(request, now).is_some_and(|age| age >= -SKEW && age < LIFETIME)
    }
}

/// How old a request is, by our clock.
pub(super) fn age(request: &ContactSyncLogRequest, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(request.metadata.creation_timestamp.as_ref()?.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ContactSyncLogRequestSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    const TICKET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn request(created: Option<&str>) -> ContactSyncLogRequest {
        let bytes: Vec<u8> = (0..32).collect();
        let spec = ContactSyncLogRequestSpec {
            connection: "emea".into(),
            run: None,
            ticket_sha256: hex::encode(Sha256::digest(bytes)),
        };
        let mut request = ContactSyncLogRequest::new("one", spec);
        request.metadata.creation_timestamp = created.map(|time| Time(time.parse().unwrap()));
        request
    }

    fn opens(ticket: &str, now: &str) -> bool {
        let request = request(Some("2026-11-23T12:00:00Z"));
        Ticket::parse(ticket).is_some_and(|ticket| ticket.opens(&request, now.parse().unwrap()))
    }

    #[test]
    fn a_ticket_opens_its_request_for_five_minutes() {
        for (now, so) in [
            ("2026-11-23T11:58:59Z", false),
            ("2026-11-23T11:59:00Z", true),
            ("2026-11-23T12:00:00Z", true),
            ("2026-11-23T12:04:59Z", true),
            ("2026-11-23T12:05:00Z", false),
        ] {
            assert_eq!(opens(TICKET, now), so, "{now}");
        }
    }

    #[test]
    fn nothing_else_opens_it() {
        let now = "2026-11-23T12:00:00Z";
        let other = TICKET.replace("AAEC", "AAED");
        for ticket in ["", "A", TICKET.trim_start_matches('A'), &format!("{TICKET}="), &format!("{TICKET}AA"), &other] {
            assert!(!opens(ticket, now), "{ticket}");
        }
        let ticket = Ticket::parse(TICKET).unwrap();
        let now = now.parse().unwrap();
        assert!(!ticket.opens(&request(None), now), "nobody knows its age");
        let mut leaving = request(Some("2026-11-23T12:00:00Z"));
        leaving.metadata.deletion_timestamp = Some(Time(now));
        assert!(!ticket.opens(&leaving, now));
        let mut odd = request(Some("2026-11-23T12:00:00Z"));
        odd.spec.ticket_sha256 = String::new();
        assert!(!ticket.opens(&odd, now));
    }
}
