//! Where contacts go: a SCIM 2.0 client (RFC 7643, 7644, 9865) for KDesk, or any service desk that speaks it.
//!
//! It lists, looks up and writes contacts, and tells for each change what became of it. What a contact should be, who
//! may be removed and whom a conflict favours is decided in `sync`. It believes no list on its word (L16), touches only
//! what it was told to (L10, L13), never sends a creation twice blindly (L12), and never changes staff (L6).

mod bulk;
mod capabilities;
mod census;
mod change;
mod contact;
mod entries;
mod error;
mod find;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod list;
mod newcomer;
mod render;
mod settings;
mod settle;
mod single;
mod user;
mod wire;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use capabilities::{BulkLimits, Capabilities};
pub use change::{Change, ChangeKind, Outcome, Refusal, Written};
pub use contact::{Contact, ContactId, Listed};
pub use error::Error;
pub use list::WholeListing;
pub use settings::{Settings, Tuning};

use self::capabilities::Places;
use self::census::Census;
use self::wire::{Request, Wire};
use crate::contact::Field;
use crate::net::Budget;
use crate::net::api::Throttling;
use crate::scim::json::Object;

/// A desk that answers, and what it can do. Clones share its connections.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    wire: Wire,
    capabilities: Capabilities,
    /// Who owns contacts here, for connections that begin together.
    census: Census,
    /// Set when the desk says that it takes Bulk and then does not.
    no_bulk: AtomicBool,
}

impl Desk {
    /// Signs in: reads what the desk can do and proves the credentials by listing users.
    pub async fn connect(settings: Settings, budget: Budget) -> Result<Self, Error> {
        Self::connect_with(settings, budget, Tuning::default()).await
    }

    /// The same, with what the operator decides.
    pub async fn connect_with(settings: Settings, budget: Budget, tuning: Tuning) -> Result<Self, Error> {
        let wire = Wire::new(settings, budget, tuning)?;
        let config = wire.greet(&Request::get(&["ServiceProviderConfig"])).await?;
        if config.status != 200 {
            let reason = format!("ServiceProviderConfig gives HTTP {}: check the endpoint's path", config.status);
            return Err(wire.not_a_desk(reason));
        }
        let config: Object = wire.parse(&config)?;
        let places = places(&wire).await?;
        let capabilities = Capabilities::read(&config, places);
        let desk =
            Self(Arc::new(Inner { wire, capabilities, census: Census::default(), no_bulk: AtomicBool::new(false) }));
        let proof = desk.wire().read(&Request::get(&["Users"]).query("count", "1")).await?;
        desk.page_of::<serde::de::IgnoredAny>(&proof)?;
        Ok(desk)
    }

    /// How often it asked to be asked less since it was opened.
    pub fn throttling(&self) -> Throttling {
        self.wire().throttling()
    }

    /// What the desk says that it can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// Whether the desk has no place for a field: then it is never written, and never seen.
    pub fn lacks(&self, field: &Field) -> bool {
        !self.0.capabilities.places.has(field)
    }

    fn wire(&self) -> &Wire {
        &self.0.wire
    }
}

async fn places(wire: &Wire) -> Result<Places, Error> {
    let schemas = wire.read(&Request::get(&["Schemas"])).await?;
    if schemas.status == 200
        && let Some(places) = Places::read(&wire.parse(&schemas)?)
    {
        return Ok(places);
    }
    let types = wire.read(&Request::get(&["ResourceTypes"])).await?;
    let extensions = if types.status == 200 { capabilities::extensions(&wire.parse(&types)?) } else { Vec::new() };
    Ok(Places::assumed(extensions))
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("host", &self.wire().host()).finish_non_exhaustive()
    }
}
