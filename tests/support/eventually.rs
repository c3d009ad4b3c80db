//! Waiting until something is so. Tests wait for conditions; this is the one place that pauses between two looks.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` gives something, for 30 seconds at most; what it said last is in the message.
///
/// `Err` says what was there instead, for whoever reads the failure.
pub async fn eventually<T, Look>(what: &str, look: impl FnMut() -> Look) -> T
where
    Look: Future<Output = Result<T, String>>,
{
    eventually_within(PATIENCE, what, look).await
}

/// The same, with patience of another length.
pub async fn eventually_within<T, Look>(patience: Duration, what: &str, mut look: impl FnMut() -> Look) -> T
where
    Look: Future<Output = Result<T, String>>,
{
    let end = Instant::now() + patience;
    let mut last = "nothing was seen: the first look did not end".to_owned();
    loop {
        match tokio::time::timeout_at(end, look()).await.ok() {
            Some(Ok(found)) => return found,
            Some(Err(instead)) => last = instead,
            // A look that hangs: the time is over, as the next line finds.
            None => {}
        }
        assert!(Instant::now() < end, "waited {patience:?} for {what}; last: {last}");
        sleep(PAUSE).await;
    }
}

#[tokio::test]
#[should_panic(expected = "waited 10ms for the tide; last: ebb")]
async fn tells_what_was_there_instead() {
    eventually_within(Duration::from_millis(10), "the tide", || async { Err::<(), _>("ebb".to_owned()) }).await;
}
