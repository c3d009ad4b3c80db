//! Who may: `Authorization: Bearer` (RFC 6750), checked before anything of the request is read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::App;
use crate::kdesk::Auth;
use crate::kdesk::error::ScimError;

pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match permitted(&app, &request) {
        Ok(true) => next.run(request).await,
        Ok(false) => ScimError::Unauthorized.into_response(),
        Err(error) => error.into_response(),
    }
}

fn permitted(app: &App, request: &Request) -> Result<bool, ScimError> {
    if app.auth == Auth::Open {
        return Ok(true);
    }
    let Some((scheme, secret)) =
        request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().map_or(None, |text| text.split_once(' ')))
    else {
        return Ok(false);
    };
    // The scheme's name is case-insensitive (RFC 9110 section 11.1).
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(false);
    }
    app.store.tokens.known(secret.trim()).map_err(|cause| ScimError::internal(&cause))
}
