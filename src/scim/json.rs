//! Loose reading of SCIM's JSON: attribute names ignore case (RFC 7643 section 2.1), empty text is no text.

use serde_json::{Map, Value};
use serde_json_borrow::{ObjectAsVec, Value as Borrowed};

pub(crate) type Object = Map<String, Value>;

/// A JSON object, whoever owns its texts: ours to change, or those of a page that is only looked at.
pub(crate) trait Fields {
    /// What stands in it.
    type Node: Node<Fields = Self>;

    /// The attribute of that name, however it is spelt.
    fn find(&self, name: &str) -> Option<&Self::Node>;
}

/// A JSON value, likewise.
pub(crate) trait Node: Sized {
    /// An object of such values.
    type Fields: Fields<Node = Self>;

    fn is_nothing(&self) -> bool;
    fn as_text(&self) -> Option<&str>;
    fn as_bool(&self) -> Option<bool>;
    fn as_fields(&self) -> Option<&Self::Fields>;
    fn as_list(&self) -> Option<&[Self]>;
}

impl Fields for Object {
    type Node = Value;

    fn find(&self, name: &str) -> Option<&Value> {
        self.get(name).or_else(|| Some(self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1))
    }
}

impl Node for Value {
    type Fields = Object;

    fn is_nothing(&self) -> bool {
        self.is_null()
    }

    fn as_text(&self) -> Option<&str> {
        self.as_str()
    }

    fn as_bool(&self) -> Option<bool> {
        self.as_bool()
    }

    fn as_fields(&self) -> Option<&Object> {
        self.as_object()
    }

    fn as_list(&self) -> Option<&[Self]> {
        self.as_array().map(Vec::as_slice)
    }
}

impl<'a> Fields for ObjectAsVec<'a> {
    type Node = Borrowed<'a>;

    /// Of a name that stands twice the last counts, as in an [`Object`].
    fn find(&self, name: &str) -> Option<&Borrowed<'a>> {
        let last = |wanted: &str| self.iter().filter(|(key, _)| *key == wanted).last().map(|(_, value)| value);
        last(name).or_else(|| last(self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.0))
    }
}

impl<'a> Node for Borrowed<'a> {
    type Fields = ObjectAsVec<'a>;

    fn is_nothing(&self) -> bool {
        matches!(self, Borrowed::Null)
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Borrowed::Str(text) => Some(text),
            _ => None,
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self {
            Borrowed::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    fn as_fields(&self) -> Option<&ObjectAsVec<'a>> {
        match self {
            Borrowed::Object(object) => Some(object),
            _ => None,
        }
    }

    fn as_list(&self) -> Option<&[Self]> {
        match self {
            Borrowed::Array(list) => Some(list),
            _ => None,
        }
    }
}

/// The attribute of that name, however it is spelt; `null` is absent (RFC 7643 section 2.5).
pub(crate) fn get<'a, F: Fields>(object: &'a F, name: &str) -> Option<&'a F::Node> {
    object.find(name).filter(|found| !found.is_nothing())
}

/// The same, to change it; under the spelling that is there, else under `name`.
pub(crate) fn slot<'a>(object: &'a mut Object, name: &str) -> &'a mut Value {
    let spelt = spelling(object, name);
    object.entry(spelt).or_insert(Value::Null)
}

/// Takes the attribute out.
pub(crate) fn remove(object: &mut Object, name: &str) -> Option<Value> {
    let spelt = spelling(object, name);
    object.shift_remove(&spelt)
}

/// Puts a value in, or takes the attribute out.
pub(crate) fn put(object: &mut Object, name: &str, value: Option<Value>) {
    match value {
        Some(value) => *slot(object, name) = value,
        None => {
            remove(object, name);
        }
    }
}

fn spelling(object: &Object, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

/// Text that is not empty.
pub(crate) fn text<'a, F: Fields>(object: &'a F, name: &str) -> Option<&'a str> {
    get(object, name).and_then(Node::as_text).filter(|text| !text.is_empty())
}

/// True or false; some servers write them as text.
pub(crate) fn flag<F: Fields>(object: &F, name: &str) -> Option<bool> {
    let found = get(object, name)?;
    found.as_bool().or_else(|| match found.as_text()? {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

/// A whole number; some servers write them as text.
pub(crate) fn number(object: &Object, name: &str) -> Option<usize> {
    let value = get(object, name)?;
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.and_then(|number| usize::try_from(number).ok())
}

/// `scimType` of an error (RFC 7644 section 3.12), if it is one of the words of table 9 or RFC 9865. A server could write
/// anything there: only a bare word passes.
pub(crate) fn scim_type(error: &Object) -> Option<String> {
    let word = text(error, "scimType")?;
    (word.len() <= 32 && word.chars().all(|c| c.is_ascii_alphabetic())).then(|| word.to_owned())
}

/// A complex value, such as `name` or an extension.
pub(crate) fn object<'a, F: Fields>(object: &'a F, name: &str) -> Option<&'a F> {
    get(object, name).and_then(Node::as_fields)
}

/// The entries of a multi-valued complex attribute; one alone may come without its list.
pub(crate) fn entries<'a, F: Fields>(object: &'a F, name: &str) -> impl Iterator<Item = &'a F> + use<'a, F> {
    let found = get(object, name);
    let found = found.map_or(&[][..], |found| found.as_list().unwrap_or_else(|| std::slice::from_ref(found)));
    found.iter().filter_map(Node::as_fields)
}

/// Whether an entry of a multi-valued attribute has this label as its `type`.
pub(crate) fn is_labeled<F: Fields>(entry: &F, label: &str) -> bool {
    text(entry, "type").is_some_and(|found| found.eq_ignore_ascii_case(label))
}

/// A value as filters write it (RFC 7644 section 3.4.2.2: JSON's rules).
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
