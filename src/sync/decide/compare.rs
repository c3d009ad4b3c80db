//! What must change in a contact so that it is as mapped (L13, L14, L15).

use crate::contact::{Field, Value, Wanted, canonical_text, fingerprint, same};

/// The change of one field: `None` when it stays, `Some(None)` when it is emptied.
pub fn change(field: &Field, wanted: &Wanted, current: Option<&Value>) -> Option<Option<Value>> {
    let target = match wanted {
        Wanted::Keep => return None,
        Wanted::Clear => None,
        Wanted::Set(value) => Some(value.clone()),
        Wanted::OneOf(texts) => {
            let kind = field.kind();
            let kept = match current {
                Some(Value::Text(text)) => {
                    texts.iter().any(|other| canonical_text(kind, other) == canonical_text(kind, text))
                }
                Some(Value::Texts(_) | Value::Flag(_)) | None => false,
            };
            if kept {
                return None;
            }
            texts.first().cloned().map(Value::Text)
        }
    };
    (!same(field, target.as_ref(), current)).then_some(target)
}

/// The changes of a contact, by field.
pub fn changes(
    fields: &[Field],
    wanted: &[Wanted],
    current: impl Fn(&Field) -> Option<Value>,
) -> Vec<(Field, Option<Value>)> {
    fields
        .iter()
        .zip(wanted)
        .filter_map(|(field, wanted)| {
            change(field, wanted, current(field).as_ref()).map(|target| (field.clone(), target))
        })
        .collect()
}

/// The values that a new contact gets.
pub fn first_values(fields: &[Field], wanted: &[Wanted]) -> Vec<(Field, Value)> {
    fields
        .iter()
        .zip(wanted)
        .filter_map(|(field, wanted)| {
            let value = match wanted {
                Wanted::Set(value) => value.clone(),
                Wanted::OneOf(texts) => Value::Text(texts.first()?.clone()),
                Wanted::Clear | Wanted::Keep => return None,
            };
            Some((field.clone(), value))
        })
        .collect()
}

/// The fingerprint of a contact that is as wanted; `None` when that depends on what the contact has.
pub fn wanted_fingerprint(fields: &[Field], wanted: &[Wanted]) -> Option<u128> {
    let mut pairs = Vec::with_capacity(fields.len());
    for (field, wanted) in fields.iter().zip(wanted) {
        pairs.push((
            field,
            match wanted {
                Wanted::Set(value) => Some(value),
                Wanted::Clear => None,
                Wanted::Keep | Wanted::OneOf(_) => return None,
            },
        ));
    }
    Some(fingerprint(pairs.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn l14_another_spelling_is_no_change() {
        let wanted = Wanted::Set(text("Anna.Berg@ACME.example"));
        assert_eq!(change(&Field::Email, &wanted, Some(&text("anna.berg@acme.example"))), None);
    }

    #[test]
    fn l15_an_absent_value_clears_unless_kept() {
        assert_eq!(change(&Field::JobTitle, &Wanted::Clear, Some(&text("Boss"))), Some(None));
        assert_eq!(change(&Field::JobTitle, &Wanted::Keep, Some(&text("Boss"))), None);
        assert_eq!(change(&Field::JobTitle, &Wanted::Clear, None), None);
    }

    #[test]
    fn one_of_many_keeps_what_the_contact_has() {
        let wanted = Wanted::OneOf(vec!["a@acme.example".into(), "b@acme.example".into()]);
        assert_eq!(change(&Field::Email, &wanted, Some(&text("B@acme.example"))), None);
        assert_eq!(change(&Field::Email, &wanted, Some(&text("c@acme.example"))), Some(Some(text("a@acme.example"))));
        assert_eq!(wanted_fingerprint(&[Field::Email], &[wanted]), None);
    }
}
