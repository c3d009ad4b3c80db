//! The wire: routes, authentication, bodies and answers (RFC 7644 section 3). Each file serves one kind of endpoint.

mod answer;
mod auth;
mod bulk;
mod discovery;
mod input;
mod listing;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use super::Auth;
use super::cursor::Sealer;
use super::error::ScimError;
use super::store::Store;

/// Below this path lie all endpoints.
pub(super) const PREFIX: &str = "/scim/v2";

/// What every request sees.
#[derive(Debug)]
pub(super) struct App {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) auth: Auth,
}

pub(super) fn router(app: Arc<App>) -> Router {
    let endpoints = Router::new()
        .route("/Users", get(listing::users).post(users::create))
        .route("/Users/.search", post(listing::search))
        .route("/Users/{id}", get(users::read).put(users::replace).patch(users::patch).delete(users::delete))
        .route("/.search", post(listing::search))
        .route("/Bulk", post(bulk::bulk))
        .route("/ServiceProviderConfig", get(discovery::config))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::schema))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Me", any(me))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(&app));
    Router::new()
        .nest(PREFIX, endpoints)
        .fallback(unknown)
        .layer(from_fn_with_state(app, auth::check))
        .layer(RequestDecompressionLayer::new())
        .layer(from_fn(answer::as_scim))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// `/Me` names the signed-in user, and tokens are no users (RFC 7644 section 3.11).
async fn me() -> Response {
    ScimError::NotImplemented("/Me is not supported").into_response()
}

async fn unknown(request: Request) -> Response {
    ScimError::NotFound(format!("endpoint {}", request.uri().path())).into_response()
}

async fn method_not_allowed(request: Request) -> Response {
    ScimError::MethodNotAllowed(request.method().to_string()).into_response()
}
