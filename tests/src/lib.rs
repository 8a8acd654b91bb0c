//! The tests are in `tests/`; here the samples of the book become doc tests.

macro_rules! chapters {
    ($($chapter:ident = $file:literal;)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../docs/", $file))]
            mod $chapter {}
        )*
    };
}

chapters! {
    introduction = "introduction.md";
    first_tool = "first-tool.md";
    arguments = "arguments.md";
    definitions = "definitions.md";
    state = "state.md";
    errors = "errors.md";
    greeting = "greeting.md";
    events = "events.md";
    nothing_twice_nothing_lost = "nothing-twice-nothing-lost.md";
    deadlines = "deadlines.md";
    testing = "testing.md";
    simulating = "simulating.md";
    upgrading = "upgrading.md";
}
