//! The masks that the platform shows in the place of secrets.

use serde_json::Value;

/// Whether `text` stands in the place of a secret, as `••••••` or `whsec_****1a2b` do.
pub(super) fn is_mask(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let covered = |window: &[char]| window.iter().all(|character| "*•●∙·".contains(*character));
    characters.windows(3).any(covered)
        || ["redacted", "masked", "hidden"]
            .contains(&text.trim_matches(['[', ']', '<', '>', '(', ')']).to_lowercase().as_str())
}

/// The place of a mask where a secret should be, in what is to be written back: writing it would replace the secret.
pub(super) fn masked_member(value: &Value, path: &str) -> Option<String> {
    const SECRETS: [&str; 6] = ["secret", "token", "key", "password", "authorization", "credential"];
    match value {
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            let lower = key.to_lowercase();
            let holds_secret = SECRETS.iter().any(|word| lower.contains(word));
            if holds_secret && value.as_str().is_some_and(is_mask) { Some(path) } else { masked_member(value, &path) }
        }),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| masked_member(item, &format!("{path}[{index}]")))
        }
        _ => None,
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
        assert!(is_mask("[REDACTED]") && is_mask("********") && !is_mask("a-long-random-string"));
    }
}
