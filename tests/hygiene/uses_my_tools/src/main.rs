//! Tools of another crate: one listed by its path, and all of them registered because the crate is named.

use hms_webhook::__private::{Registration, inventory};
use my_tools as _;

fn main() {
    assert_eq!(hms_webhook::tools![my_tools::lookup_order].len(), 1);
    assert_eq!(inventory::iter::<Registration>.into_iter().count(), 2);
}
