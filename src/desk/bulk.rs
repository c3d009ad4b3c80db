//! Many changes as one request (RFC 7644 section 3.7), each answered for. No `failOnErrors`: one that fails hurts no
//! other (L12).

use std::sync::atomic::Ordering;

use futures::stream::{self, StreamExt};
use http::Method;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json_borrow::{ObjectAsVec, Value as Borrowed};

use super::settle::{Op, Reply, Sending};
use super::single::{Said, id_of};
use super::wire::{Fault, Request, segment};
use super::{BulkLimits, Desk};
use crate::net::api::Answer;
use crate::scim;
use crate::scim::json::{self as loose, Node as _};

/// What stands around the operations.
const FRAME: usize = 128;

/// Changes that go into one request, each with its operation as text.
type Pack = Vec<(Sending, String)>;

impl Desk {
    /// The limits of Bulk, while the desk takes it.
    pub(super) fn bulk_limits(&self) -> Option<BulkLimits> {
        self.capabilities().bulk.filter(|_| !self.0.no_bulk.load(Ordering::Relaxed))
    }

    /// Sends changes, by Bulk where there is, and gives each its reply.
    pub(super) async fn send_all(&self, sendings: Vec<Sending>) -> Vec<(Op, Reply)> {
        match self.bulk_limits() {
            Some(limits) if sendings.len() > 1 => self.bulk(sendings, limits).await,
            _ => self.singly(sendings).await,
        }
    }

    async fn singly(&self, sendings: Vec<Sending>) -> Vec<(Op, Reply)> {
        let sent = stream::iter(sendings).map(|sending| self.single(sending));
        sent.buffer_unordered(self.in_flight()).collect().await
    }

    async fn bulk(&self, sendings: Vec<Sending>, limits: BulkLimits) -> Vec<(Op, Reply)> {
        let mut replies = Vec::with_capacity(sendings.len());
        let mut packs = pack(sendings, limits);
        while let Some(mut pack) = packs.pop() {
            if pack.len() == 1 || self.bulk_limits().is_none() {
                replies.extend(self.singly(pack.into_iter().map(|(sending, _)| sending).collect()).await);
                continue;
            }
            match self.wire().write(&request(&pack)).await {
                Ok(answer) => match answer.status {
                    200 => replies.extend(self.match_up(pack, &answer)),
                    // One bad operation must not hurt the others: look for it.
                    400 | 413 => {
                        let half = pack.split_off(pack.len() / 2);
                        packs.extend([half, pack]);
                    }
                    404 | 405 | 501 => {
                        self.0.no_bulk.store(true, Ordering::Relaxed);
                        packs.push(pack);
                    }
                    403 => {
                        let error = self.wire().denied(403);
                        replies.extend(pack.into_iter().map(|(s, _)| (s.op, Reply::Fatal(error.clone()))));
                    }
                    status => {
                        let reason = format!("HTTP {status} to a Bulk request");
                        replies.extend(pack.into_iter().map(|(s, _)| (s.op, Reply::Lost(reason.clone()))));
                    }
                },
                Err(Fault::Lost(reason)) => {
                    replies.extend(pack.into_iter().map(|(s, _)| (s.op, Reply::Lost(reason.clone()))));
                }
                Err(Fault::Fatal(error)) => {
                    let unsent = packs.drain(..).flatten();
                    let all = pack.into_iter().chain(unsent);
                    replies.extend(all.map(|(sending, _)| (sending.op, Reply::Fatal(error.clone()))));
                }
            }
        }
        replies
    }

    /// Results are known by `bulkId`, else by location, never by their place: servers reorder them. What has no result
    /// counts as lost.
    fn match_up(&self, pack: Pack, answer: &Answer) -> Vec<(Op, Reply)> {
        let body: Option<Borrowed<'_>> = serde_json::from_slice(&answer.body).ok();
        let body = body.as_ref().and_then(|body| body.as_fields());
        let mut said: Vec<Option<Said>> = pack.iter().map(|_| None).collect();
        for result in body.into_iter().flat_map(|body| loose::entries(body, "Operations")) {
            let location = loose::text(result, "location");
            let by_id = loose::text(result, "bulkId").map(|id| id.strip_prefix('b').and_then(|n| n.parse().ok()));
            let at: Option<usize> = by_id.unwrap_or_else(|| {
                let id = location.and_then(id_of)?;
                pack.iter().position(|(sending, _)| sending.id.as_ref() == Some(&id))
            });
            let (Some(slot), Some(status)) = (at.and_then(|at| said.get_mut(at)), status(result)) else { continue };
            slot.get_or_insert_with(|| Said {
                status,
                location: location.map(str::to_owned),
                version: loose::text(result, "version").map(str::to_owned),
                body: loose::get(result, "response").map(Into::into),
            });
        }
        let replied = pack.into_iter().zip(said).map(|((sending, _), said)| {
            let reply = match said {
                Some(said) => self.understand(&sending.op, said),
                None => Reply::Lost("the Bulk answer tells nothing about it".to_owned()),
            };
            (sending.op, reply)
        });
        replied.collect()
    }
}

/// The status of a result: text by RFC 7644, a number or `{"code": …}` by some servers.
fn status(result: &ObjectAsVec<'_>) -> Option<u16> {
    let status = loose::get(result, "status")?;
    let status = status.as_fields().and_then(|status| loose::get(status, "code")).unwrap_or(status);
    status.as_text().map_or_else(|| u16::try_from(status.as_u64()?).ok(), |text| text.trim().parse().ok())
}

/// One operation of a Bulk request (RFC 7644 section 3.7), but for its `bulkId`.
#[derive(Serialize)]
struct Operation<'a> {
    method: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

fn operation(sending: &Sending) -> String {
    let path = sending.id.as_ref().map_or_else(|| "/Users".to_owned(), |id| format!("/Users/{}", segment(id.as_str())));
    let operation = Operation {
        method: sending.method.as_str(),
        path,
        version: sending.version.as_deref(),
        data: sending.body.as_deref(),
    };
    serde_json::to_string(&operation).unwrap_or_default()
}

/// Packs changes so that no request is larger than the desk takes. The last pack is sent first.
fn pack(sendings: Vec<Sending>, limits: BulkLimits) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::new();
    let mut size = 0;
    for sending in sendings {
        // Room for the bulkId that is put in front when it is sent.
        let text = operation(&sending);
        let length = text.len() + 24;
        match packs.last_mut() {
            Some(last) if last.len() < limits.max_operations && size + length <= limits.max_payload_size => {
                size += length;
                last.push((sending, text));
            }
            _ => {
                size = FRAME + length;
                packs.push(vec![(sending, text)]);
            }
        }
    }
    packs.reverse();
    packs
}

fn request(pack: &Pack) -> Request {
    let length: usize = pack.iter().map(|(_, operation)| operation.len() + 24).sum();
    let mut body = String::with_capacity(length + FRAME);
    body.push_str("{\"schemas\":[\"");
    body.push_str(scim::BULK_REQUEST);
    body.push_str("\"],\"Operations\":[");
    for (index, (_, operation)) in pack.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str("{\"bulkId\":\"b");
        body.push_str(&index.to_string());
        body.push_str("\",");
        body.push_str(operation.strip_prefix('{').unwrap_or(operation));
    }
    body.push_str("]}");
    let mut request = Request::new(Method::POST, &["Bulk"]);
    request.body = Some(body.into());
    request
}
