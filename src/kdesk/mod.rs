//! The bundled KDesk workspace: a SCIM 2.0 service provider (RFC 7643, 7644, 9865) on SQLite.
//!
//! `http` speaks the protocol, `store` keeps the contacts; between them pure code: `schema` (what attributes there are),
//! `document` (what a client may send), `filter`, `patch`, `project`, `cursor`. It shares the SCIM words of
//! [`crate::scim`] with the client in `desk` and nothing else. Arguments, files and messages are `cli`'s.

mod clock;
mod cursor;
mod document;
mod error;
mod filter;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod patch;
mod project;
mod schema;
mod store;

pub use error::Error;
pub use store::TokenInfo;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use cursor::Sealer;
use store::Store;

/// Who may use the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// Who sends a token that [`Workspace::create_token`] made or [`Workspace::add_token`] was told.
    #[default]
    Bearer,
    /// Anyone who can connect; [`Workspace::serve`] then accepts loopback addresses only.
    Open,
}

/// A workspace: contacts and tokens in one database file.
#[derive(Debug, Clone)]
pub struct Workspace {
    app: Arc<http::App>,
}

impl Workspace {
    /// Opens the database, or makes it.
    pub fn open(path: &Path, auth: Auth) -> Result<Self, Error> {
        let store = Store::open(path)?;
        let sealer = Sealer::new(store.cursor_secret);
        Ok(Self { app: Arc::new(http::App { store, sealer, auth }) })
    }

    /// Makes a token and returns its secret, which is shown this once: only its hash is kept.
    pub fn create_token(&self, name: &str) -> Result<String, Error> {
        // 244 random bits from the system.
        let random = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let secret = format!("kdesk_{random}");
        self.add_token(name, &secret)?;
        Ok(secret)
    }

    /// Accepts a secret that was made elsewhere, such as in a file or a Kubernetes Secret.
    pub fn add_token(&self, name: &str, secret: &str) -> Result<(), Error> {
        self.app.store.tokens.add(name, secret, clock::now().as_millisecond())
    }

    /// Accepts a secret under this name, and no longer the one that had the name before.
    pub fn replace_token(&self, name: &str, secret: &str) -> Result<(), Error> {
        self.revoke_token(name)?;
        self.add_token(name, secret)
    }

    /// The tokens by name. If there is none, nobody can sign in.
    pub fn list_tokens(&self) -> Result<Vec<TokenInfo>, Error> {
        self.app.store.tokens.list()
    }

    /// Revokes a token, from the next request on; false if there was none of that name.
    pub fn revoke_token(&self, name: &str) -> Result<bool, Error> {
        self.app.store.tokens.revoke(name)
    }

    /// All endpoints, below `/scim/v2`.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.app))
    }

    /// Serves until `shutdown` resolves; requests under way are answered first.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let address = listener.local_addr()?;
        if self.app.auth == Auth::Open && !address.ip().is_loopback() {
            return Err(Error::OpenBeyondLoopback(address));
        }
        Ok(axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await?)
    }
}
