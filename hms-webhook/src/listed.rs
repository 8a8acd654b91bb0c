//! `tools![…]` and `handlers![…]`: listing by hand what `App::discover()` finds by itself.

use crate::handler::ToolSpec;

/// Lists tools by hand: `App::new().tools(tools![lookup_order, book_slot])`.
///
/// The names are those of the annotated functions, with their path where they are elsewhere: `tools![orders::lookup]`.
/// Two tools of one name are a compile error:
///
/// ```compile_fail
/// use hms_webhook::{tool, tools};
///
/// /// Looks up an order.
/// #[tool("lookup")]
/// fn lookup_order() {}
///
/// /// Looks up a customer.
/// #[tool("lookup")]
/// fn lookup_customer() {}
///
/// let listed = tools![lookup_order, lookup_customer];
/// ```
#[macro_export]
macro_rules! tools {
    ($($tool:path),* $(,)?) => {{
        // A constant with a name, unlike a `const` block, is evaluated by `cargo check` too.
        const __TOOLS: [&$crate::__private::ToolSpec; $crate::__private::count(&[$(::core::stringify!($tool)),*])] =
            $crate::__private::distinct([$(&<$tool as $crate::Tool>::SPEC),*]);
        __TOOLS
    }};
}

/// Lists event handlers by hand: `App::new().handlers(handlers![greet, file_report])`.
#[macro_export]
macro_rules! handlers {
    ($($handler:path),* $(,)?) => { [$(&<$handler as $crate::Handler>::SPEC),*] };
}

const BEGINNING: &str = "two of these tools are named `";
const END: &str = "`; give one of them another name with `#[tool(\"…\")]`";
/// A name has at most 64 bytes; the macro saw to that.
const LONGEST: usize = BEGINNING.len() + 64 + END.len();

#[doc(hidden)]
pub const fn count(listed: &[&str]) -> usize {
    listed.len()
}

/// The same tools; stops the compilation when two have the same name.
///
/// # Panics
/// When two names are the same.
#[doc(hidden)]
#[track_caller]
pub const fn distinct<const N: usize>(tools: [&'static ToolSpec; N]) -> [&'static ToolSpec; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = tools[index].name;
        index += 1;
    }
    assert_distinct(&names);
    tools
}

/// Every pair is compared, which a hundred tools can afford: most names differ in their length or first letters.
#[track_caller]
const fn assert_distinct(names: &[&str]) {
    let mut second = 1;
    while second < names.len() {
        let mut first = 0;
        while first < second {
            if is_same(names[first].as_bytes(), names[second].as_bytes()) {
                // A panic at compile time takes one whole text and formats nothing.
                let (text, length) = message(names[second]);
                match str::from_utf8(text.split_at(length).0) {
                    Ok(text) => panic!("{}", text),
                    Err(_) => panic!("two of these tools have the same name"),
                }
            }
            first += 1;
        }
        second += 1;
    }
}

const fn is_same(one: &[u8], two: &[u8]) -> bool {
    if one.len() != two.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != two[index] {
            return false;
        }
        index += 1;
    }
    true
}

const fn message(name: &str) -> ([u8; LONGEST], usize) {
    let text = ([0; LONGEST], 0);
    append(append(append(text, BEGINNING.as_bytes()), name.as_bytes()), END.as_bytes())
}

const fn append((mut text, mut length): ([u8; LONGEST], usize), part: &[u8]) -> ([u8; LONGEST], usize) {
    let mut index = 0;
    while index < part.len() && length < LONGEST {
        text[length] = part[index];
        length += 1;
        index += 1;
    }
    (text, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_names_pass() {
        assert_distinct(&[]);
        assert_distinct(&["a"]);
        assert_distinct(&["a", "b", "ab", "ba"]);
    }

    #[test]
    #[should_panic = "two of these tools are named `lookup`; give one of them another name with `#[tool(\"…\")]`"]
    fn the_same_name_is_told() {
        assert_distinct(&["lookup", "book", "lookup"]);
    }
}
