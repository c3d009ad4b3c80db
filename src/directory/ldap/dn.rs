//! Distinguished names as sets of members keep them.
//!
//! Both sides of every comparison come from one server, so what matters is that one name spelt in two ways compares
//! equal and two names never do, which [`crate::directory::dn`] sees to.

use crate::directory::dn;

/// A distinguished name in canonical form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Dn(String);

/// 128 bits of a name's BLAKE3 hash, for sets of members: 16 bytes instead of the whole name. Two names that collided
/// would count one person's membership for the other; among a billion names that has a chance of about 1 in 10^21, and
/// making such a pair on purpose takes 2^64 tries.
pub(super) type DnHash = [u8; 16];

impl Dn {
    /// Reads a name. `None` when it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        dn::normalize(text).ok().map(Self)
    }

    /// Whether this name is `base` or lies below it.
    pub(super) fn is_under(&self, base: &Self) -> bool {
        dn::is_under(&self.0, &base.0)
    }

    /// The hash of the canonical form.
    pub(super) fn hash(&self) -> DnHash {
        let mut hash = DnHash::default();
        blake3::Hasher::new().update(self.0.as_bytes()).finalize_xof().fill(&mut hash);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::Dn;

    fn same(left: &str, right: &str) -> bool {
        let (left, right) = (Dn::parse(left).unwrap(), Dn::parse(right).unwrap());
        assert_eq!(left == right, left.hash() == right.hash());
        left == right
    }

    #[test]
    fn one_name_in_two_spellings_is_equal() {
        assert!(same("CN=Ann Lee,DC=acme", "cn=ann  lee , dc=ACME"));
        assert!(same(r"cn=Lee\, Ann,dc=acme", r"cn=Lee\2C Ann,dc=acme"));
        assert!(same(r#"cn="Lee, Ann",dc=acme"#, r"cn=Lee\, Ann,dc=acme"));
        assert!(same(r"cn=Ren\C3\A9,dc=acme", "CN=RENÉ,dc=acme"));
        assert!(same(r#"cn=Jan \"JJ\" J,dc=acme"#, r"cn=Jan \22JJ\22 J,dc=acme"));
        assert!(same("cn=a+ou=b,dc=x", "ou=B+cn=A,dc=x"));
        assert!(same(r"cn=a\ ,dc=x", r"cn=a\20,dc=x"));
    }

    #[test]
    fn two_names_are_never_equal() {
        assert!(!same("cn=ann,dc=acme", "cn=anne,dc=acme"));
        assert!(!same(r"cn=a\,dc\=b,dc=acme", "cn=a,dc=b,dc=acme"));
        assert!(!same(r"cn=a\+ou\=b,dc=x", "cn=a+ou=b,dc=x"));
        assert!(!same("cn=a,dc=x", "uid=a,dc=x"));
        assert!(!same(r"cn=\ff,dc=x", r"cn=\\ff,dc=x"));
    }

    #[test]
    fn knows_what_lies_below() {
        let base = Dn::parse(r"ou=Sales\, EMEA,dc=acme,dc=example").unwrap();
        let under = |text| Dn::parse(text).unwrap().is_under(&base);
        assert!(under(r#"uid=ann,OU="sales, emea",DC=Acme,DC=Example"#));
        assert!(under(r"ou=Sales\2c EMEA,dc=acme,dc=example"));
        assert!(!under("uid=ann,ou=EMEA,dc=acme,dc=example"));
        assert!(!under("dc=acme,dc=example"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["sales", "cn=a,", "=a", r"cn=a\", r#"cn="a"#, "c n=a"] {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }
}
