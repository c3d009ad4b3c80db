//! Traces to a collector: OTLP over HTTP (protobuf), through the same HTTP client as everything else.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use url::Url;

use super::Failure;
use crate::net::Reach;
use crate::net::http::{self, HttpSettings};

/// Longest time for one batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for the last ones, while the program is stopping.
const FAREWELL: Duration = Duration::from_secs(5);
/// A collector says little.
const ANSWER: usize = 64 * 1024;

/// The way to a collector.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Batches are sent from a thread of their own, by the runtime that this is called in.
    pub(super) fn to(collector: &Url) -> Result<Self, Failure> {
        let wrong = |reason: String| Failure::Collector(reason);
        // Where traces go is the operator's word, as are plain http and the cluster's own hosts.
        let reach = Reach::operators();
        reach.check_url(collector).map_err(|error| wrong(error.to_string()))?;
        let client = http::client(HttpSettings { ca: None, timeout: TIMEOUT, reach: &reach })
            .map_err(|error| wrong(error.to_string()))?;
        let runtime = Handle::try_current().map_err(|error| wrong(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime })
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(TIMEOUT)
            .with_endpoint(endpoint(collector))
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        // OTEL_RESOURCE_ATTRIBUTES adds to it.
        let resource = Resource::builder_empty()
            .with_attribute(opentelemetry::KeyValue::new("service.name", "contactsync"))
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_detector(Box::new(opentelemetry_sdk::resource::EnvResourceDetector::new()))
            .build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer("contactsync")
    }

    pub(super) async fn shutdown(self) {
        // It waits for the thread, which waits for this runtime: so it may hold none of the runtime's own threads.
        let ended = tokio::task::spawn_blocking(move || {
            // Shutting down sends what is left as well, but does not say whether it arrived.
            let flushed = self.0.force_flush();
            self.0.shutdown_with_timeout(FAREWELL).and(flushed)
        })
        .await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces did not reach the collector");
        }
    }
}

/// OTLP/HTTP appends the signal's path to the base URL (OpenTelemetry's exporter specification).
fn endpoint(collector: &Url) -> String {
    format!("{}/v1/traces", collector.as_str().trim_end_matches('/'))
}

/// Our client as the exporter wants it. It is called from a thread without a runtime.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let response = client.execute(request).await.map_err(|error| http::describe(&error).to_owned())?;
            let status = response.status();
            let body = http::read_body(response, ANSWER).await.map_err(|error| error.to_string())?;
            Ok::<_, String>((status, body))
        });
        let (status, body) = sent.await??;
        Ok(Response::builder().status(status).body(body.into())?)
    }
}
