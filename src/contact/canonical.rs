//! When two values of a field are the same (L14), and one small number that stands for many of them.

use std::borrow::Cow;

use super::form;
use super::{Field, FieldKind, Value};

/// One text in the canonical form of its kind, in which two spellings of the same thing are equal.
pub fn canonical_text(kind: FieldKind, text: &str) -> Cow<'_, str> {
    match kind {
        FieldKind::Email => form::canonical_email(text),
        FieldKind::Phone => form::canonical_phone(text),
        FieldKind::Country => form::country_code(text).map_or_else(|| form::canonical_text(text), Cow::Borrowed),
        FieldKind::Text | FieldKind::Flag => form::canonical_text(text),
    }
}

/// A value in canonical form. Several texts are sorted and distinct; one alone is the same as that text.
pub fn canonical(kind: FieldKind, value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Flag(_) => Cow::Borrowed(value),
        Value::Text(text) => match canonical_text(kind, text) {
            Cow::Borrowed(same) if same.len() == text.len() => Cow::Borrowed(value),
            other => Cow::Owned(Value::Text(other.into_owned())),
        },
        Value::Texts(texts) => {
            let mut texts: Vec<_> = texts.iter().map(|text| canonical_text(kind, text).into_owned()).collect();
            texts.sort_unstable();
            texts.dedup();
            match <[String; 1]>::try_from(texts) {
                Ok([only]) => Cow::Owned(Value::Text(only)),
                Err(texts) => Cow::Owned(Value::Texts(texts)),
            }
        }
    }
}

/// Whether two values of a field mean the same. An absent flag is false; an empty text is absent.
pub fn same(field: &Field, a: Option<&Value>, b: Option<&Value>) -> bool {
    let kind = field.kind();
    match (present(a), present(b)) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b || canonical(kind, a) == canonical(kind, b),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// What is there of a value: `None` stands for absent, for an empty text and for a flag that is false.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Flag(flag) => *flag,
        Value::Text(text) => has_more_than_blanks(text),
        Value::Texts(texts) => texts.iter().any(|text| has_more_than_blanks(text)),
    })
}

fn has_more_than_blanks(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace())
}

/// 128 bits (BLAKE3) over the canonical forms of fields and their values: equal for contacts that are [`same`] in every
/// field, given in the same order. Stable from one version to the next.
pub fn fingerprint<'a>(fields: impl Iterator<Item = (&'a Field, Option<&'a Value>)>) -> u128 {
    let mut bytes = Vec::with_capacity(512);
    for (field, value) in fields {
        let Some(value) = present(value) else { continue };
        put(&mut bytes, &field.name());
        match canonical(field.kind(), value).as_ref() {
            Value::Flag(_) => put(&mut bytes, "true"),
            Value::Text(text) => put(&mut bytes, text),
            Value::Texts(texts) => texts.iter().for_each(|text| put(&mut bytes, text)),
        }
    }
    let mut print = [0; 16];
    blake3::Hasher::new().update(&bytes).finalize_xof().fill(&mut print);
    u128::from_le_bytes(print)
}

/// Length first, so that no two lists of texts are the same bytes.
fn put(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    const KINDS: [FieldKind; 4] = [FieldKind::Text, FieldKind::Email, FieldKind::Phone, FieldKind::Country];

    fn spelling() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[+0]?[0-9 ()/x.;=#-]{0,20}",
            "tel:[+0-9;=a-z-]{0,30}",
            "\\PC{0,8}@\\PC{0,8}",
            "[A-Za-z]{2,3}"
        ]
    }

    proptest! {
        #[test]
        fn l14_canonical_is_its_own_canonical(text in spelling()) {
            for kind in KINDS {
                let once = canonical_text(kind, &text).into_owned();
                prop_assert_eq!(canonical_text(kind, &once).into_owned(), once.clone(), "{:?}", kind);
            }
        }

        #[test]
        fn l14_a_number_as_written_is_the_same_number(text in spelling()) {
            let written = form::written_phone(&text, None);
            prop_assert_eq!(form::canonical_phone(&written), form::canonical_phone(&text));
        }

        #[test]
        fn any_number_is_read_in_any_country_without_panic(text in spelling(), country in "[A-Z]{2}") {
            let written = form::written_phone(&text, Some(&country));
            let again = form::written_phone(&written, Some(&country));
            prop_assert_eq!(form::canonical_phone(&written), form::canonical_phone(&again));
        }

        #[test]
        fn l14_same_values_have_one_fingerprint(a in spelling(), b in spelling()) {
            for field in [Field::Company, Field::EmailLabeled("work".into()), Field::PhoneLabeled("work".into()), Field::Country] {
                let (a, b) = (text(&a), text(&b));
                let print = |value| fingerprint([(&field, Some(value))].into_iter());
                prop_assert_eq!(same(&field, Some(&a), Some(&b)), print(&a) == print(&b));
            }
        }
    }

    #[test]
    fn l14_spellings_are_the_same() {
        let phone = Field::PhoneLabeled("work".into());
        assert!(same(&Field::Email, Some(&text("Eva@Acme.Example")), Some(&text("eva@acme.example"))));
        assert!(same(&phone, Some(&text("+46 8 123 456 78")), Some(&text("tel:+46-8-12345678"))));
        assert!(same(&Field::Company, Some(&text("Cafe\u{301} AB ")), Some(&text("Café AB"))));
        assert!(same(&Field::Notes, Some(&text("one\r\ntwo")), Some(&text("one\ntwo"))));
        assert!(same(&Field::Country, Some(&text("Sweden")), Some(&text("SE"))));
        assert!(!same(&Field::Company, Some(&text("Acme")), Some(&text("ACME"))));
        assert!(!same(&Field::Company, Some(&text("Acme")), None));
    }

    #[test]
    fn an_absent_flag_is_false() {
        let (yes, no) = (Value::Flag(true), Value::Flag(false));
        assert!(same(&Field::PortalAccess, None, Some(&no)));
        assert!(!same(&Field::PortalAccess, None, Some(&yes)));
        let print = |value| fingerprint([(&Field::PortalAccess, value)].into_iter());
        assert_eq!(print(None), print(Some(&no)));
        assert_ne!(print(None), print(Some(&yes)));
    }

    #[test]
    fn a_fingerprint_tells_fields_apart() {
        let (a, b) = (text("a"), text("b"));
        let one = fingerprint([(&Field::City, Some(&a)), (&Field::Region, Some(&b))].into_iter());
        let crossed = fingerprint([(&Field::City, Some(&b)), (&Field::Region, Some(&a))].into_iter());
        assert_ne!(one, crossed);
        let none: [(&Field, Option<&Value>); 1] = [(&Field::City, None)];
        assert_eq!(fingerprint(none.into_iter()), fingerprint(std::iter::empty()));
    }

    #[test]
    fn several_texts_have_no_order() {
        let field = Field::EmailLabeled("work".into());
        let one = Value::Texts(vec!["B@x.example".into(), "a@x.example".into(), "b@x.example".into()]);
        let two = Value::Texts(vec!["a@x.example".into(), "b@x.example".into()]);
        assert!(same(&field, Some(&one), Some(&two)));
        assert!(same(&field, Some(&Value::Texts(vec!["a@x.example".into()])), Some(&text("A@x.example"))));
    }
}
