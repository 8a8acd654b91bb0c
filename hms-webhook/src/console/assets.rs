//! The page: three files, part of the program.

use http::StatusCode;

use super::answer::{self, Answer};

const PAGE: &[u8] = include_bytes!("assets/index.html");
const SCRIPT: &[u8] = include_bytes!("assets/console.js");
const STYLE: &[u8] = include_bytes!("assets/console.css");

pub(super) fn answer(path: &str) -> Answer {
    let (content_type, body) = match path {
        "/" => ("text/html; charset=utf-8", PAGE),
        "/console.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "/console.css" => ("text/css; charset=utf-8", STYLE),
        _ => return answer::refuse(StatusCode::NOT_FOUND, "there is nothing here"),
    };
    answer::bytes(StatusCode::OK, content_type, body)
}
