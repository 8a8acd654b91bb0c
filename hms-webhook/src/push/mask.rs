//! The masks that the platform shows in the place of secrets.

use serde_json::Value;

/// Whether `text` stands in the place of a secret, as `••••••`, `whsec_****1a2b`, `whs_…1a2b` and `xxxxxxxx` do.
///
/// A mask taken for a secret destroys that secret, and a secret taken for a mask costs a question, so that what is in
/// doubt is a mask.
pub(super) fn is_mask(text: &str) -> bool {
    const WORDS: [&str; 7] = ["redacted", "masked", "hidden", "encrypted", "filtered", "sensitive", "obfuscated"];
    // Words that could be a secret, were they not set apart as no secret is.
    const WORDS_SET_APART: [&str; 3] = ["secret", "set", "removed"];
    const SCHEMES: [&str; 4] = ["bearer", "basic", "token", "apikey"];
    let text = match text.trim().split_once(' ') {
        Some((scheme, rest)) if SCHEMES.contains(&scheme.to_lowercase().as_str()) => rest.trim(),
        _ => text.trim(),
    };
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_telling = |word: &&str| WORDS.contains(word);
    let is_mask_word = |word: &&str| is_telling(word) || WORDS_SET_APART.contains(word);
    let is_set_apart = !text.starts_with(char::is_alphanumeric) && !text.ends_with(char::is_alphanumeric);
    let characters: Vec<char> = text.chars().collect();
    let run = |length: usize, of: &str| {
        characters.windows(length).any(|window| window.iter().all(|character| of.contains(*character)))
    };
    let is_one_word = !text.contains(char::is_whitespace);
    let is_one_character = characters.len() >= 3 && characters.iter().all(|character| *character == characters[0]);
    lower.contains("redacted")
        || (words.iter().any(is_telling) && words.iter().all(is_mask_word))
        || (is_set_apart && words.iter().any(is_mask_word))
        || is_one_character
        || run(2, "*•●∙·█■▪∗＊")
        || (is_one_word && (text.contains('…') || run(3, ".") || run(4, "xX")))
}

/// The place of a mask where a secret should be, in what is to be written back: writing it would replace the secret.
pub(super) fn masked_member(value: &Value, path: &str) -> Option<String> {
    masked(value, path, false)
}

/// `holds_secret` says that the name of `value` speaks of a secret.
fn masked(value: &Value, path: &str, holds_secret: bool) -> Option<String> {
    const SECRETS: [&str; 9] =
        ["secret", "token", "key", "password", "passphrase", "auth", "credential", "signature", "cookie"];
    // Every member of these may be one, whatever its name.
    const ALL_SECRET: [&str; 3] = ["headers", "credentials", "secrets"];
    // A secret is a text, so that anything else that says yes stands in its place. These names are no flag's or count's.
    const TEXTS: [&str; 11] = [
        "secret",
        "webhooksecret",
        "clientsecret",
        "token",
        "accesstoken",
        "authtoken",
        "password",
        "passphrase",
        "apikey",
        "xapikey",
        "authorization",
    ];
    match value {
        Value::String(text) => (holds_secret && is_mask(text)).then(|| path.to_owned()),
        Value::Object(members) => {
            let name = path.rsplit('.').next().unwrap_or_default().to_lowercase();
            let all = ALL_SECRET.contains(&name.as_str());
            members.iter().find_map(|(key, value)| {
                let lower = key.to_lowercase();
                let holds_secret = all || SECRETS.iter().any(|word| lower.contains(word));
                masked(value, &format!("{path}.{key}"), holds_secret)
            })
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| masked(item, &format!("{path}[{index}]"), holds_secret))
        }
        Value::Bool(false) | Value::Null => None,
        Value::Bool(_) | Value::Number(_) => {
            let mut names = path.rsplit('.');
            let name = names.next().unwrap_or_default().replace(['_', '-'], "").to_lowercase();
            // The schema of a parameter may be `true`.
            let is_mask =
                TEXTS.contains(&name.as_str()) && names.next() != Some("properties") && value != &Value::from(0);
            is_mask.then(|| path.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masks_are_recognised_where_secrets_are() {
        let config = json!({
            "messages": [{ "content": "Be ***kind***." }],
            "tools": [{ "name": "find", "server": { "url": "https://x", "secret": "whsec_••••" } }],
        });
        assert_eq!(masked_member(&config, "llm_config").as_deref(), Some("llm_config.tools[0].server.secret"));
        assert_eq!(masked_member(&json!({ "secret": "plain-text" }), ""), None);
    }

    #[test]
    fn masks_have_many_forms() {
        for mask in [
            "********",
            "[REDACTED]",
            "<hidden>",
            "whs_...1a2b",
            "whs_…1a2b",
            "xxxxxxxx",
            "sk-XXXXXXXX1a2b",
            "Bearer whs_...1a2b",
            "######",
            "...",
            " •••• ",
            "••",
            "**",
            "whs**1a",
            "__REDACTED__",
            "REDACTED-SECRET",
            "whsec_redacted",
            "[hidden by platform]",
            "<encrypted value>",
            "<secret>",
            "«secret»",
            "(set)",
            "Bearer [removed]",
        ] {
            assert!(is_mask(mask), "{mask}");
        }
        for secret in [
            "a-long-random-string",
            "fl_live_3xX9.kq..",
            "Bearer eyJhbGciOi.eyJzdWIi.x-xx",
            "",
            "Please wait...",
            "secret",
            "Removed",
            "set",
            "secret-set",
            "correct-hidden-horse",
            "whsec_settled9",
            "_8fK*setX2-",
        ] {
            assert!(!is_mask(secret), "{secret}");
        }
    }

    #[test]
    fn every_member_that_may_be_a_secret_is_looked_at() {
        for config in [
            json!({ "headers": { "X-Shop": "abc…" } }),
            json!({ "headers": { "Authorization": "Bearer ****" } }),
            json!({ "server": { "api_keys": ["plain", "xxxxxxxx"] } }),
        ] {
            assert!(masked_member(&config, "llm_config").is_some(), "{config}");
        }
        for mask in [json!(true), json!(1)] {
            for name in ["secret", "api_key", "X-API-Key", "webhookSecret", "Authorization"] {
                assert!(masked_member(&json!({ "server": { name: mask } }), "llm_config").is_some(), "{name}: {mask}");
            }
        }
        for plain in [
            json!({ "max_tokens": 100, "key": 1, "has_secret": true, "secret": null, "token": false, "password": 0 }),
            json!({ "properties": { "token": true } }),
        ] {
            assert_eq!(masked_member(&plain, "llm_config"), None, "{plain}");
        }
        let schema = json!({ "properties": { "key": { "pattern": "^...$", "description": "The key, as in XXXX." } } });
        assert_eq!(masked_member(&schema, "llm_config"), None);
    }
}
