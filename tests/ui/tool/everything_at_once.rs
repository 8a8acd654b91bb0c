#![allow(unused)]

use hms_webhook::tool;

#[tool("lookup order", deadlin = "3s", url = "x")]
async fn lookup_order<T>(
    #[arg(nam = "id")] id: &str,
    #[arg(range = 3..=1)] count: u8,
    list: &mut Vec<u8>,
) {}

fn main() {}
