//! One page of a list response (RFC 7644 section 3.4.2, RFC 9865).

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};

/// One page of a list response. Attribute names ignore case, `Resources` may be absent, numbers may come as text.
#[derive(Debug)]
pub(crate) struct Page<R> {
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<String>,
    pub(crate) resources: Vec<R>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Text(String),
    Other(IgnoredAny),
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Page<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<R>(PhantomData<R>);
        impl<'de, R: Deserialize<'de>> Visitor<'de> for Reader<R> {
            type Value = Page<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SCIM list response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<R>, A::Error> {
                let mut page = Page { total: None, next: None, resources: Vec::new() };
                let mut listed = false;
                while let Some(name) = map.next_key::<String>()? {
                    match name.to_ascii_lowercase().as_str() {
                        "totalresults" => {
                            page.total = match map.next_value()? {
                                Loose::Number(total) => Some(total),
                                Loose::Text(total) => total.trim().parse().ok(),
                                Loose::Other(IgnoredAny) => None,
                            }
                        }
                        "nextcursor" => {
                            page.next = map.next_value::<Option<String>>()?.filter(|cursor| !cursor.is_empty());
                        }
                        "resources" => {
                            page.resources = map.next_value::<Option<Vec<R>>>()?.unwrap_or_default();
                            listed = true;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                if page.total.is_none() && !listed {
                    return Err(de::Error::missing_field("totalResults"));
                }
                Ok(page)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn pages_are_read_loosely() {
        let page: Page<Map<String, Value>> = serde_json::from_str(r#"{"TOTALRESULTS": "2", "x": {"y": []}}"#).unwrap();
        assert_eq!((page.total, page.resources.len()), (Some(2), 0));
        let page: Page<Map<String, Value>> =
            serde_json::from_str(r#"{"totalResults":1,"resources":[{"id":"7"}],"nextCursor":""}"#).unwrap();
        assert_eq!((page.next, page.resources.len()), (None, 1));
        assert!(serde_json::from_str::<Page<Map<String, Value>>>(r#"{"hello": "world"}"#).is_err());
        assert!(serde_json::from_str::<Page<Map<String, Value>>>("[]").is_err());
    }
}
