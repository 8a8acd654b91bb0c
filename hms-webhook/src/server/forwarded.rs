//! The header `Forwarded` (RFC 7239), as far as it says for whom a proxy has forwarded a request.
//!
//! Reading is strict: a client may have written the beginning of the very line that a proxy has continued, so that one
//! quote too many would hide what the proxy says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// For whom each proxy has forwarded the request, in the order of the line. `None` stands for somebody without an
/// address: `unknown`, a name that a proxy made up, or an element that does not say it.
///
/// The whole is `None` where any part of the line is not what the RFC allows.
pub(super) fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut rest = line;
    let mut senders = Vec::new();
    loop {
        let sender = element(&mut rest)?;
        senders.extend(sender);
        rest = blank(rest);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(senders),
            None => return None,
        }
    }
}

/// One element of the list, up to its comma: `Some(None)` where it is empty, which a list may hold.
fn element(rest: &mut &str) -> Option<Option<Option<IpAddr>>> {
    let mut sender = None;
    let mut names: Vec<String> = Vec::new();
    *rest = blank(rest);
    loop {
        // RFC 7239 §4 has no blanks inside of an element, and allows nothing between two semicolons.
        if !rest.starts_with([',', ';']) && !rest.is_empty() {
            let name = token(rest)?.to_ascii_lowercase();
            *rest = rest.strip_prefix('=')?;
            let value = value(rest)?;
            if name == "for" {
                sender = Some(node(&value)?);
            }
            if names.contains(&name) {
                return None;
            }
            names.push(name);
        }
        match rest.strip_prefix(';') {
            Some(more) => *rest = more,
            None if names.is_empty() => return Some(None),
            None => return Some(Some(sender.flatten())),
        }
    }
}

/// The text without blanks at its beginning.
fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn token<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    (!token.is_empty()).then_some(token)
}

/// A token, or a text between quotes.
fn value(rest: &mut &str) -> Option<String> {
    let Some(quoted) = rest.strip_prefix('"') else { return token(rest).map(str::to_owned) };
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => {
                *rest = &quoted[place + 1..];
                return Some(text);
            }
            '\\' => text.push(characters.next().map(|(_, escaped)| escaped).filter(|it| is_text(*it))?),
            other if is_text(other) => text.push(other),
            _ => return None,
        }
    }
    None
}

fn is_text(character: char) -> bool {
    matches!(character, '\t' | ' '..='~')
}

/// Who sent a request: an address, perhaps with a port; `None` inside for somebody without one.
fn node(text: &str) -> Option<Option<IpAddr>> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, after)) => {
            let address: Ipv6Addr = inside.parse().ok()?;
            (
                Ok(IpAddr::from(address).to_canonical()),
                if after.is_empty() { None } else { Some(after.strip_prefix(':')?) },
            )
        }
        None => match text.split_once(':') {
            Some((name, port)) => (Err(name), Some(port)),
            None => (Err(text), None),
        },
    };
    if !port.is_none_or(|port| is_port(port) || is_made_up(port)) {
        return None;
    }
    match name {
        Ok(address) => Some(Some(address)),
        Err(name) if name.eq_ignore_ascii_case("unknown") || is_made_up(name) => Some(None),
        Err(name) => name.parse().ok().map(|address: Ipv4Addr| Some(address.into())),
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// A name that says nothing: an underscore and more (RFC 7239 §6.3).
fn is_made_up(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_').is_some_and(|name| !name.is_empty() && name.bytes().all(is_part))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        let text = |sender: Option<IpAddr>| sender.map_or_else(|| "nobody".to_owned(), |address| address.to_string());
        Some(forwarded(line)?.into_iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_the_rfc_allows_is_read() {
        for (line, expected) in [
            ("for=192.0.2.43", "192.0.2.43"),
            ("For=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("for=192.0.2.43, for=198.51.100.17", "192.0.2.43 198.51.100.17"),
            (r#"for="192.0.2.43:4711""#, "192.0.2.43"),
            (r#"for="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
            (r#"for="[2001:db8:cafe::17]""#, "2001:db8:cafe::17"),
            (r#"for="[::ffff:192.0.2.43]""#, "192.0.2.43"),
            (r#"for="192.0.2.\43""#, "192.0.2.43"),
            (r#"for="192.0.2.43:_port""#, "192.0.2.43"),
            ("for=unknown, for=_hidden, for=_SEVKISEK", "nobody nobody nobody"),
            (r#"for="_gazonk:80""#, "nobody"),
            ("proto=https", "nobody"),
            (r#"host="a, for=192.0.2.1; \"b\"";for=192.0.2.2"#, "192.0.2.2"),
            ("for=192.0.2.1 \t, \tfor=192.0.2.2", "192.0.2.1 192.0.2.2"),
            (", for=192.0.2.1,,", "192.0.2.1"),
            ("for=192.0.2.1;;proto=http;", "192.0.2.1"),
            ("", ""),
        ] {
            assert_eq!(read(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_it_does_not_allow_is_not() {
        for line in [
            "192.0.2.43",
            "for",
            "for=",
            "for =192.0.2.1",
            "for= 192.0.2.1",
            "for=192.0.2.1; proto=http",
            "for=192.0.2.1 for=192.0.2.2",
            "for=192.0.2.1;for=192.0.2.2",
            "for=192.0.2.1;FOR=192.0.2.1",
            "for=192.0.2.1:80",
            "for=[2001:db8::1]",
            "for=2001:db8::1",
            r#"for="2001:db8::1""#,
            r#"for="[2001:db8::1""#,
            r#"for="[192.0.2.1]""#,
            r#"for="[2001:db8::1]80""#,
            r#"for="192.0.2.1:""#,
            r#"for="192.0.2.1:65536""#,
            r#"for="192.0.2.1:+80""#,
            r#"for="192.0.2.1"#,
            r#"for="192.0.2.1\"#,
            r#"for="192.0.2.1"x"#,
            r#"for="", for=192.0.2.1"#,
            r#"proto="http, for=192.0.2.1"#,
            "for=_",
            "for=somebody",
            "for=192.0.2.256",
            "for=192.0.2.01",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
