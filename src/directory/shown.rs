//! What sources share when they show somebody: the form of values, and what is shown to nobody.

use serde_json::Value;

/// Values as expressions see them: one as it is, several as a list.
pub(super) fn one_or_all(mut values: Vec<Value>) -> Value {
    if values.len() > 1 { Value::Array(values) } else { values.pop().unwrap_or(Value::Null) }
}

/// Whether an address is among the texts of a value, however deep. Case is ignored, as everybody who writes addresses
/// does.
pub(super) fn holds(value: &Value, address: &str) -> bool {
    match value {
        Value::String(text) => text.trim().to_lowercase() == address.trim().to_lowercase(),
        Value::Array(values) => values.iter().any(|value| holds(value, address)),
        Value::Object(members) => members.values().any(|value| holds(value, address)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Attributes of LDAP that hold passwords or keys, whole or hashed: userPassword (RFC 4519 section 2.41), authPassword
/// (RFC 3112), those of Active Directory (MS-ADA1 to MS-ADA3), LAPS, Samba and Kerberos. A reader with more rights than it
/// needs may see them; they make no contact, so they are never shown.
const SECRETS: [&str; 22] = [
    "authPassword",
    "clearTextPassword",
    "dBCSPwd",
    "krbExtraData",
    "krbPrincipalKey",
    "krbPwdHistory",
    "lmPwdHistory",
    "ms-Mcs-AdmPwd",
    "msDS-ManagedPassword",
    "msLAPS-EncryptedPassword",
    "msLAPS-EncryptedPasswordHistory",
    "msLAPS-Password",
    "ntPwdHistory",
    "olcRootPW",
    "pwdHistory",
    "sambaLMPassword",
    "sambaNTPassword",
    "sambaPasswordHistory",
    "supplementalCredentials",
    "unicodePwd",
    "unixUserPassword",
    "userPassword",
];

/// Whether an attribute of LDAP, whatever its options, is shown to nobody.
pub(super) fn is_secret(attribute: &str) -> bool {
    let name = attribute.split_once(';').map_or(attribute, |(name, _options)| name);
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{holds, is_secret, one_or_all};

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        let record = json!({"emails": [{"type": "work", "value": "Bo@Acme.example"}], "age": 7});
        assert!(holds(&record, "bo@acme.example"));
        assert!(!holds(&record, "o@acme.example"), "never a part of one");
    }

    #[test]
    fn passwords_are_secret_whatever_their_spelling() {
        assert!(is_secret("USERPASSWORD") && is_secret("userPassword;x-enc") && is_secret("unicodePwd"));
        assert!(!is_secret("mail") && !is_secret("pwdLastSet"));
    }

    #[test]
    fn one_value_is_no_list() {
        assert_eq!(one_or_all(vec![json!("a")]), json!("a"));
        assert_eq!(one_or_all(vec![json!("a"), json!("b")]), json!(["a", "b"]));
    }
}
