//! Bounded serving: whoever reaches the port can hold neither many connections nor one for long.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once.
const CONNECTIONS: usize = 64;
/// Longest time for a request's head, and its longest size.
const HEAD: Duration = Duration::from_secs(10);
const HEAD_SIZE: usize = 16 << 10;
const HEADERS: usize = 64;
/// Longest time for one connection, which serves one request.
const WHOLE: Duration = Duration::from_mins(15);
/// Longest time for answers under way once the process stops.
const FAREWELL: Duration = Duration::from_secs(3);
/// After a connection that could not be taken: out of file descriptors, most likely.
const BREATH: Duration = Duration::from_millis(200);

/// Answers until `stop`, then ends what is under way, within seconds.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let under_way = TaskTracker::new();
    loop {
        let taken = tokio::select! {
            () = stop.cancelled() => break,
            taken = take(&listener, &places) => taken,
        };
        let Some((connection, place)) = taken else { continue };
        let router = router.clone();
        under_way.spawn(async move {
            let _place = place;
            // Whatever a stranger makes of a connection is nobody's error here.
            drop(tokio::time::timeout(WHOLE, one(connection, router)).await);
        });
    }
    under_way.close();
    drop(tokio::time::timeout(FAREWELL, under_way.wait()).await);
    Ok(())
}

async fn take(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((connection, _peer)) => Some((connection, place)),
        Err(_failed) => {
            tokio::time::sleep(BREATH).await;
            None
        }
    }
}

async fn one(connection: TcpStream, router: Router) -> Result<(), hyper::Error> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .max_headers(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(connection), TowerToHyperService::new(router))
        .await
}
