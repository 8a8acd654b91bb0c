//! The list in `tracestate`.

/// So many members a list may have.
const MOST: usize = 32;

/// The list that stands in `lines`, which are one list; `None` where it is empty or a part of it is not valid.
pub(super) fn tracestate<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Box<str>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for line in lines {
        for member in std::str::from_utf8(line).ok()?.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue; // The Recommendation allows them, so that lists can be put together.
            }
            let (key, value) = member.split_once('=')?;
            let is_known = members.iter().any(|(known, _)| *known == key);
            if !is_key(key) || !is_value(value) || is_known || members.len() == MOST {
                return None;
            }
            members.push((key, value));
        }
    }
    let list: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!list.is_empty()).then(|| list.join(",").into())
}

/// `vendor`, or `tenant@vendor`.
fn is_key(key: &str) -> bool {
    let is_rest =
        |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'));
    let begins_with_letter = |text: &str| text.starts_with(|first: char| first.is_ascii_lowercase());
    match key.split_once('@') {
        None => key.len() <= 256 && begins_with_letter(key) && is_rest(key),
        Some((tenant, system)) => {
            let begins = begins_with_letter(tenant) || tenant.starts_with(|first: char| first.is_ascii_digit());
            let fits = tenant.len() <= 241 && system.len() <= 14;
            fits && begins && is_rest(tenant) && begins_with_letter(system) && is_rest(system)
        }
    }
}

/// Printable ASCII, with blanks inside only.
fn is_value(value: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(is_allowed) && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        tracestate([line.as_bytes()].into_iter()).map(String::from)
    }

    #[test]
    fn valid_lists_stay_as_they_are() {
        for list in ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "a=1", "a_-*/0=!#$ %", "0tenant@vendor=x"] {
            assert_eq!(read(list).as_deref(), Some(list));
        }
        assert_eq!(read(" a=1 ,\t,, b=2\t,").as_deref(), Some("a=1,b=2"), "empty members and blanks around");
        let longest = format!("{}={}", "k".repeat(256), "v".repeat(256));
        assert_eq!(read(&longest).as_deref(), Some(&*longest));
    }

    #[test]
    fn one_fault_is_one_too_many() {
        let list = |count: usize| (0..count).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join(",");
        assert!(read(&list(32)).is_some());
        for wrong in [
            "",
            " , ",
            "a",
            "=1",
            "a=",
            "A=1",
            "1a=1",
            "a=1=2",
            "a b=1",
            "a@=1",
            "@a=1",
            "a@1=1",
            "a@b@c=1",
            "a=ä",
            "a=1,a=2",
            &list(33),
            &format!("{}=v", "k".repeat(257)),
            &format!("k={}", "v".repeat(257)),
            &format!("{}@a=v", "k".repeat(242)),
            &format!("a@{}=v", "k".repeat(15)),
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
