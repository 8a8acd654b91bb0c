//! Functions that another macro writes.

use hms_webhook::{Call, status_update, tool, tools};

macro_rules! lookup {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($parameter:ident: $argument:ty, $state:ty) -> $result:ty $body:block, $text:literal, $wire:expr, $deadline:literal) => {
        $(#[$attribute])*
        #[tool($wire, description = $text, deadline = $deadline)]
        $visibility async fn $name(
            #[arg(default = 3, description = $text)] count: u32,
            $parameter: $argument,
            state: $state,
        ) -> $result {
            let _ = (count, state);
            $body
        }
    };
}

lookup!(#[allow(unused)] pub fn order(id: String, &Call) -> String { id }, "Looks up an order.", "lookup-order", "3s");
lookup!(fn customer(id: Vec<String>, &Call) -> Vec<String> { id }, "Looks up a customer.", "lookup_customer", "500ms");

macro_rules! fixed {
    () => {
        /// A name that the macro made up.
        #[tool]
        fn made_up(count: u32, call: &Call) -> u32 {
            let _ = call;
            count
        }

        #[status_update]
        async fn note(call: &Call) {
            let _ = call;
        }
    };
}

fixed!();

macro_rules! documented {
    ($($text:literal)*) => {
        #[doc = concat!($($text),*)]
        #[tool]
        fn documented() {}
    };
}

documented!("Put " "together");

/// All of them.
pub fn listed() -> usize {
    let _ = hms_webhook::handlers![note];
    tools![order, customer, made_up, documented].len()
}
