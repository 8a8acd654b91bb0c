//! Names in messages: the nearest known one, and foreign ones cut to a bearable length.

/// The known name that `name` was most probably meant to be; `None` only where nothing is known.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of both lengths, and `name` comes from outside.
    let start = name.char_indices().nth(128).map_or(name, |(end, _)| &name[..end]);
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(start, candidate), candidate))
        // The alphabet decides between equals, so that the answer does not depend on a map's order.
        .max_by(|(one, one_name), (two, two_name)| one.total_cmp(two).then_with(|| two_name.cmp(one_name)))
        .map(|(_, candidate)| candidate)
}

/// `text` on one line, without control characters, at most 60 characters of it.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(escape).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

fn escape(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}
