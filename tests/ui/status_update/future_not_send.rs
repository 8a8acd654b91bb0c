#![allow(unused)]

use hms_webhook::{StatusUpdate, status_update};

use std::rc::Rc;

#[status_update]
async fn note(update: StatusUpdate) {
    let shared = Rc::new(update);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
