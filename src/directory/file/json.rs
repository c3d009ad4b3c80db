//! JSON read strictly: a key that stands twice in one object is refused (RFC 8259 section 4 leaves it open which of the
//! two counts), and so is nesting that is deeper than any directory's.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting of objects and lists.
const DEEPEST: usize = 64;

/// Reads one text as one object. The reason tells the column, never the data (L20).
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("a line must hold one JSON object".to_owned()),
        Err(error) => Err(format!("not a JSON object, at column {}: {}", error.column(), rule(&error))),
    }
}

/// What is wrong, without the place in the one line that `serde_json` was given.
fn rule(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map(|(rule, _)| rule.to_owned()).unwrap_or(text)
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("nested deeper than 64 levels"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.deeper()?)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rejects_duplicate_keys_at_any_depth() {
        assert!(object(r#"{"a":1,"a":1}"#).unwrap_err().contains("stands twice"));
        assert!(object(r#"{"a":[{"b":1,"b":2}]}"#).unwrap_err().contains("stands twice"));
        assert!(object(r#"{"a":{"b":1},"b":2}"#).is_ok());
    }

    #[test]
    fn bounds_nesting() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(object(&nested(63)).is_ok());
        assert!(object(&nested(64)).unwrap_err().contains("64 levels"));
        assert!(object(&nested(100_000)).is_err());
    }

    #[test]
    fn l20_reasons_tell_no_data() {
        for text in [
            r#"{"name": Astrid}"#,
            r#"{"name": "Astrid"#,
            r#"{"Astrid":1,"Astrid":2}"#,
            r#""Astrid""#,
            r#"{"a":1} Astrid"#,
        ] {
            let reason = object(text).unwrap_err();
            assert!(!reason.contains("Astrid"), "{reason}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[\\[\\]{}\",:0-9eE.a-]{0,40}") {
            drop(object(&text));
        }
    }
}
