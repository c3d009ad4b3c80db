//! One token, kept until shortly before it expires; everybody who needs one waits for the same.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::net::Secret;

/// A token is renewed so long before it expires.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token is kept whose life is not told (RFC 6749 section 5.1 only recommends `expires_in`).
const UNTOLD: Duration = Duration::from_mins(5);
/// Longest that a token is kept, whatever its issuer says of its life.
const LONGEST: Duration = Duration::from_hours(24);

/// Why no token was had. No variant holds a credential or what an issuer wrote in its own words.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The issuer does not answer, or not now: worth trying again.
    #[error("{host} issues no token: {reason}")]
    Unavailable {
        /// Host of the token URL.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The issuer refuses the client.
    #[error("{host} refuses the client credentials (HTTP {status}{}): {mend}", code.as_ref().map(|code| format!(", {code}")).unwrap_or_default())]
    Denied {
        /// Host of the token URL.
        host: String,
        /// HTTP status.
        status: u16,
        /// The issuer's code for it, such as `invalid_client` (RFC 6749 section 5.2) or `AADSTS7000215`.
        code: Option<String>,
        /// What to check.
        mend: String,
    },
}

/// A token as it was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// How long it is good for, from when it was asked for; `None` where that is not told.
    pub life: Option<Duration>,
}

/// A way to have a token.
#[async_trait]
pub trait Grant: Send + Sync {
    /// Asks for a new one.
    async fn ask(&self) -> Result<Token, TokenError>;
}

/// Keeps one token of a grant.
pub struct Tokens {
    grant: Box<dyn Grant>,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Secret,
    until: Instant,
}

impl Tokens {
    /// Asks nothing yet.
    pub fn new(grant: impl Grant + 'static) -> Self {
        Self { grant: Box::new(grant), held: Mutex::new(None) }
    }

    /// A token that is good for a while yet.
    pub async fn token(&self) -> Result<Secret, TokenError> {
        let mut held = self.held.lock().await;
        if let Some(Held { token, until }) = held.as_ref()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let asked = Instant::now();
        let Token { secret, life } = self.grant.ask().await?;
        let life = life.unwrap_or(UNTOLD).min(LONGEST);
        *held = Some(Held { token: secret.clone(), until: asked + life.saturating_sub(EARLY) });
        Ok(secret)
    }

    /// Forgets a token that was refused, unless a newer one is held already.
    pub async fn forget(&self, refused: &Secret) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.token == *refused) {
            *held = None;
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Counting(Arc<AtomicU32>, Option<Duration>);

    #[async_trait]
    impl Grant for Counting {
        async fn ask(&self) -> Result<Token, TokenError> {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Token { secret: Secret::new(format!("token {number}")), life: self.1 })
        }
    }

    fn tokens(life: Option<Duration>) -> (Tokens, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        (Tokens::new(Counting(Arc::clone(&asked), life)), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_it_expires_and_not_sooner() {
        let (tokens, asked) = tokens(Some(Duration::from_mins(10)));
        let first = tokens.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(569)).await;
        assert_eq!(tokens.token().await.unwrap(), first);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_ne!(tokens.token().await.unwrap(), first);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_without_end_is_a_life() {
        let (tokens, _asked) = tokens(Some(Duration::MAX));
        tokens.token().await.unwrap();
    }

    #[tokio::test]
    async fn who_comes_late_with_a_refused_token_does_not_throw_away_the_new_one() {
        let (tokens, asked) = tokens(None);
        let first = tokens.token().await.unwrap();
        tokens.forget(&first).await;
        let second = tokens.token().await.unwrap();
        tokens.forget(&first).await;
        assert_eq!(tokens.token().await.unwrap(), second);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}
