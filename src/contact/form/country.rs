//! Countries: ISO 3166-1 alpha-2 codes, from codes and names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Names in use that ISO's English short names lack: everyday English ones and what countries call themselves.
const NAMES: &[(&str, &str)] = &[
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("great britain", "GB"),
    ("england", "GB"),
    ("scotland", "GB"),
    ("wales", "GB"),
    ("northern ireland", "GB"),
    ("united states", "US"),
    ("u.s.a.", "US"),
    ("u.s.", "US"),
    ("america", "US"),
    ("el", "GR"),
    ("sverige", "SE"),
    ("norge", "NO"),
    ("noreg", "NO"),
    ("danmark", "DK"),
    ("suomi", "FI"),
    ("ísland", "IS"),
    ("deutschland", "DE"),
    ("österreich", "AT"),
    ("schweiz", "CH"),
    ("suisse", "CH"),
    ("svizzera", "CH"),
    ("belgië", "BE"),
    ("belgique", "BE"),
    ("nederland", "NL"),
    ("holland", "NL"),
    ("the netherlands", "NL"),
    ("netherlands", "NL"),
    ("luxemburg", "LU"),
    ("éire", "IE"),
    ("republic of ireland", "IE"),
    ("españa", "ES"),
    ("italia", "IT"),
    ("polska", "PL"),
    ("czech republic", "CZ"),
    ("česko", "CZ"),
    ("česká republika", "CZ"),
    ("slovensko", "SK"),
    ("slovenija", "SI"),
    ("hrvatska", "HR"),
    ("magyarország", "HU"),
    ("românia", "RO"),
    ("българия", "BG"),
    ("ελλάδα", "GR"),
    ("eesti", "EE"),
    ("latvija", "LV"),
    ("lietuva", "LT"),
    ("україна", "UA"),
    ("srbija", "RS"),
    ("shqipëria", "AL"),
    ("turkey", "TR"),
    ("türkiye", "TR"),
    ("brasil", "BR"),
    ("méxico", "MX"),
    ("perú", "PE"),
    ("日本", "JP"),
    ("中国", "CN"),
    ("대한민국", "KR"),
    ("south korea", "KR"),
    ("north korea", "KP"),
    ("russia", "RU"),
    ("россия", "RU"),
    ("vietnam", "VN"),
    ("taiwan", "TW"),
    ("iran", "IR"),
    ("syria", "SY"),
    ("venezuela", "VE"),
    ("bolivia", "BO"),
    ("tanzania", "TZ"),
    ("moldova", "MD"),
    ("laos", "LA"),
    ("brunei", "BN"),
    ("ivory coast", "CI"),
    ("cape verde", "CV"),
    ("macedonia", "MK"),
    ("palestine", "PS"),
    ("swaziland", "SZ"),
    ("micronesia", "FM"),
    ("vatican", "VA"),
    ("kosovo", "XK"),
];

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let iso = rust_iso3166::ALL.iter();
    let mut names: HashMap<_, _> = iso.clone().map(|country| (folded(country.name), country.alpha2)).collect();
    names.extend(iso.clone().map(|country| (folded(country.alpha3), country.alpha2)));
    names.extend(NAMES.iter().map(|(name, code)| (folded(name), *code)));
    names.extend(iso.map(|country| (folded(country.alpha2), country.alpha2)));
    names
});

/// The ISO 3166-1 alpha-2 code of a country given by alpha-2 or alpha-3 code, by English name or by its own; `None`
/// where the text names no country known here.
pub fn country_code(text: &str) -> Option<&'static str> {
    let code = |code: &str| rust_iso3166::from_alpha2(code).map(|country| country.alpha2);
    let written = (text.len() == 2).then(|| code(text)).flatten();
    written.or_else(|| BY_NAME.get(&folded(text)).copied())
}

fn folded(text: &str) -> String {
    super::canonical_text(&super::canonical_text(text).to_lowercase()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_codes_and_names() {
        for (text, code) in [
            ("se", "SE"),
            (" SWE ", "SE"),
            ("Sweden", "SE"),
            ("SVERIGE", "SE"),
            ("Deutschland", "DE"),
            ("United States of America", "US"),
            ("usa", "US"),
            ("UK", "GB"),
            ("Österreich", "AT"),
            ("O\u{308}sterreich", "AT"),
            ("France", "FR"),
            ("Norge", "NO"),
        ] {
            assert_eq!(country_code(text), Some(code), "{text}");
        }
        for text in ["", "Atlantis", "S", "752"] {
            assert_eq!(country_code(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_here_leads_to_a_code() {
        for (name, code) in NAMES {
            assert_eq!(country_code(name), Some(*code), "{name}");
            assert!(*code == "XK" || rust_iso3166::from_alpha2(code).is_some(), "{code}");
        }
    }
}
