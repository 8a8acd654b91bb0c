//! Public test data of other projects, where it is at hand: what must be refused is refused, nothing is answered 5xx,
//! dropped or left hanging.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::Engine;
use futures::future::join_all;
use hms_webhook::{App, signature::Secret, tool, tools};
use serde_json::Value;

use crate::support::{Server, message, tool_calls};

/// Take anything.
#[tool]
async fn anything(
    /** Whatever it is. */
    value: Option<Value>,
) -> Value {
    value.unwrap_or_default()
}

/// The folder of one corpus, or a word that it is not there.
fn corpus(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora").join(name);
    if !path.exists() {
        eprintln!("skipped: the corpus {name} is not at {}", path.display());
        return None;
    }
    Some(path)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|start| u8::from_str_radix(&text[start..start + 2], 16).unwrap()).collect()
}

#[test]
fn wycheproof_hmac() {
    let Some(path) = corpus("wycheproof/hmac_sha256_test.json") else { return };
    let suite: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut count = 0;
    for group in suite["testGroups"].as_array().unwrap() {
        let whole = group["tagSize"] == 256;
        for case in group["tests"].as_array().unwrap() {
            let bytes = |member: &str| hex(case[member].as_str().unwrap());
            let expected = case["result"] == "valid" && whole;
            assert_eq!(Secret::new(bytes("key")).authenticates(&bytes("msg"), &bytes("tag")), expected, "{case}");
            count += 1;
        }
    }
    assert_eq!(count, suite["numberOfTests"].as_u64().unwrap());
}

#[tokio::test]
async fn json_test_suite() {
    let Some(path) = corpus("JSONTestSuite/test_parsing") else { return };
    let server = Server::start(App::new().tools(tools![anything])).await;
    let mut count = 0;
    for file in fs::read_dir(path).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let text = fs::read(file.path()).unwrap();
        count += 1;

        // As the whole body: never the envelope, so always 400.
        let whole = server.deliver(&text).await;
        assert_eq!(whole.status, 400, "{name} as the body");

        // As an unknown member of an event: good as soon as it is JSON.
        let (before, after) = split_message("status-update", ",\"note\":");
        let member = server.deliver([before.as_bytes(), &text, after.as_bytes()].concat()).await;
        check(&name, "a member", member.status);

        // As an argument.
        let (before, after) = split_call();
        let argument = server.deliver([before.as_bytes(), &text, after.as_bytes()].concat()).await;
        check(&name, "an argument", argument.status);
    }
    assert!(count > 300, "{count}");
}

fn check(name: &str, place: &str, status: u16) {
    // `n_structure_whitespace_formfeed` and the like are refused everywhere; a few files that must not be parsed as a
    // whole become valid inside an envelope, such as those that only add or lack a closing bracket.
    match name.split_once('_').unwrap().0 {
        "y" => assert_eq!(status, 200, "{name} as {place}"),
        "n" if BECOMES_VALID.contains(&name) => assert!(status == 200 || status == 400, "{name} as {place}: {status}"),
        "n" => assert_eq!(status, 400, "{name} as {place}"),
        _ => assert!(status == 200 || status == 400, "{name} as {place}: {status}"),
    }
}

const BECOMES_VALID: &[&str] = &[];

fn split_message(kind: &str, more: &str) -> (String, String) {
    let whole = message(kind, more);
    let end = whole.len() - 2;
    (whole[..end].into(), whole[end..].into())
}

fn split_call() -> (String, String) {
    let whole = tool_calls(&[("anything", r#"{"value":@}"#)]);
    let (before, after) = whole.split_once('@').unwrap();
    (before.into(), after.into())
}

#[tokio::test]
async fn gunicorn_requests() {
    let Some(path) = corpus("gunicorn-http") else { return };
    let server = Server::start(App::new().head_timeout(std::time::Duration::from_millis(300))).await;
    let files = ["valid", "invalid"].into_iter().flat_map(|folder| fs::read_dir(path.join(folder)).unwrap());
    let files = files.map(|file| file.unwrap().path());
    let requests: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "http"))
        .map(|file| raw_request(&server, unescape(&fs::read(&file).unwrap()), file.display().to_string()))
        .collect();
    assert!(requests.len() > 100, "{}", requests.len());
    join_all(requests).await;
}

#[tokio::test]
async fn llhttp_requests() {
    let Some(path) = corpus("llhttp-http/requests.json") else { return };
    let suite: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let server = Server::start(App::new().head_timeout(std::time::Duration::from_millis(300))).await;
    let requests = suite["requests"].as_array().unwrap().iter().map(|case| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(case["input_b64"].as_str().unwrap()).unwrap();
        raw_request(&server, bytes, case["section"].to_string())
    });
    join_all(requests).await;
}

/// Whatever the bytes are, the server refuses them or hangs up; it neither breaks nor believes them.
async fn raw_request(server: &Server, bytes: Vec<u8>, name: String) {
    let mut connection = server.connect().await;
    connection.send(bytes).await;
    // `try_answer` fails when the server leaves the connection hanging.
    while let Some(answer) = connection.try_answer().await {
        assert!((400..500).contains(&answer.status) || answer.status == 100, "{name}: {answer:?}");
    }
    assert_eq!(server.deliver(message("status-update", "")).await.status, 200, "the server lives on after {name}");
}

/// The corpus' own notation: real line breaks mean nothing, `\r`, `\n`, `\t`, `\0` and `\xHH` are escapes.
fn unescape(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut bytes = Vec::new();
    let mut rest = &text[..];
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, length) = match tail {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'x', high, low, ..] => {
                let digits = [*high, *low];
                (u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap(), 3)
            }
            _ => (b'\\', 0),
        };
        bytes.push(byte);
        rest = &tail[length..];
    }
    bytes
}
