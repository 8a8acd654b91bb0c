//! Secrets: changed while requests are answered, and found nowhere where they do not belong.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use hms_webhook::{App, tool, tools};

use crate::{
    process::Process,
    support::{Connection, PATH, SECRET, Server, message, now, request_with, signature_headers, tool_calls},
};

/// Say hello.
#[tool]
async fn hello() -> &'static str {
    "hello"
}

/// Say good-bye.
#[tool]
async fn good_bye() -> &'static str {
    "good-bye"
}

/// A folder of its own for each test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hms-webhook-fire-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Replaces a file as its readers should find it: whole.
    fn replace(&self, name: &str, text: &str) {
        fs::write(self.file("new"), text).unwrap();
        fs::rename(self.file("new"), self.file(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn request_of(secret: &str, body: &str) -> Vec<u8> {
    request_with(&signature_headers(secret, &now().to_string(), body.as_bytes()), body.as_bytes())
}

async fn status_of(connection: &mut Connection, secret: &str) -> u16 {
    connection.send(request_of(secret, &message("status-update", ""))).await;
    connection.answer().await.status
}

#[tokio::test]
async fn secrets_change_under_load_and_no_request_is_refused() {
    let folder = Folder::new("rotation");
    folder.replace("current", "secret-0\n");
    folder.replace("previous", "secret-0\n");
    let (current, previous) = (folder.file("current"), folder.file("previous"));
    let process = Process::start(&[
        ("HMS_WEBHOOK_SECRET", ""),
        ("HMS_WEBHOOK_SECRET_FILE", text(&current)),
        ("HMS_WEBHOOK_SECRET_PREVIOUS_FILE", text(&previous)),
    ])
    .await;
    let address = process.address();

    // What the platform signs with, by number.
    let (signs_with, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (signs_with, ends) = (signs_with.clone(), ends.clone());
            tokio::spawn(async move {
                let mut connection = Connection::to(address).await;
                let mut answered = 0;
                while !ends.load(SeqCst) {
                    let secret = format!("secret-{}", signs_with.load(SeqCst));
                    assert_eq!(status_of(&mut connection, &secret).await, 200, "signed with {secret}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let mut probe = Connection::to(address).await;
    for round in 1..=6_usize {
        let (old, new) = (format!("secret-{}", round - 1), format!("secret-{round}"));
        // Both are taken before the platform changes.
        folder.replace("previous", &old);
        folder.replace("current", &new);
        // Odd ones wait for the server to look by itself.
        if round % 2 == 0 {
            process.signal("HUP");
        }
        let taken = async {
            while status_of(&mut probe, &new).await != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), taken).await.expect("the new secret is not taken");
        signs_with.store(round, SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status_of(&mut probe, "secret-4").await, 401, "the last but one is over");
    // A file that is empty or gone for a while takes nothing away.
    fs::write(&current, "").unwrap();
    process.signal("HUP");
    tokio::time::sleep(Duration::from_millis(100)).await;
    fs::remove_file(&current).unwrap();
    process.signal("HUP");
    tokio::time::sleep(Duration::from_millis(100)).await;
    ends.store(true, SeqCst);
    let mut answered = 0;
    for load in load {
        answered += load.await.expect("no request was refused");
    }
    assert!(answered > 100, "{answered}");

    let log = process.log.lock().unwrap().clone();
    assert!(log.contains(r#""key":"current""#) && log.contains("has changed"), "{log}");
    assert!(!log.contains("secret-1"), "{log}");
}

#[tokio::test]
async fn a_tools_own_secret_counts_for_that_tool_only() {
    let app = App::new().tools(tools![hello, good_bye]).tool_secret("hello", "of-hello");
    let server = Server::start(app).await;
    let status =
        async |calls: &[(&str, &str)], secret| server.exchange(request_of(secret, &tool_calls(calls))).await.status;
    assert_eq!(status(&[("hello", "{}")], "of-hello").await, 200);
    assert_eq!(status(&[("good_bye", "{}")], "of-hello").await, 401);
    assert_eq!(status(&[("hello", "{}"), ("good_bye", "{}")], "of-hello").await, 401);
    assert_eq!(server.exchange(request_of("of-hello", &message("end-of-call-report", ""))).await.status, 401);
    assert_eq!(status(&[("hello", "{}"), ("good_bye", "{}")], SECRET).await, 200);
}

#[tokio::test]
async fn near_and_far_misses_get_the_same_bytes() {
    let server = Server::start(App::new().tools(tools![hello])).await;
    let body = tool_calls(&[("hello", "{}")]);
    let timestamp = now().to_string();
    let right = crate::support::hmac(SECRET, format!("{timestamp}.{body}").as_bytes());
    let mut told = Vec::new();
    for near in [0, 1, 32, 63] {
        // As many digits as said are right.
        let wrong: String = right
            .chars()
            .enumerate()
            .map(|(at, it)| match (at < near, it) {
                (true, it) => it,
                (false, 'f') => '0',
                (false, _) => 'f',
            })
            .collect();
        let headers = format!("X-Webhook-Timestamp: {timestamp}\r\nX-Webhook-Signature: sha256={wrong}\r\n");
        let answer = server.exchange(request_with(&headers, body.as_bytes())).await;
        let head: Vec<_> = answer.head.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect();
        told.push((answer.status, head, answer.body));
    }
    assert_eq!(told[0].0, 401);
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
}

#[tokio::test]
async fn no_secret_signature_or_body_is_in_any_output() {
    const MARKED: &str = "marked-secret-5e1f0c";
    let folder = Folder::new("marked");
    folder.replace("previous", "marked-previous-77ab\n");
    let previous = folder.file("previous");
    let mut process = Process::start(&[
        ("HMS_WEBHOOK_SECRET", MARKED),
        ("HMS_WEBHOOK_SECRET_PREVIOUS_FILE", text(&previous)),
        ("RUST_LOG", "trace"),
    ])
    .await;
    let mut answers = String::new();
    let said = "marked-words-on-the-phone";
    let bodies = [
        message("status-update", &format!(r#","note":"{said}""#)),
        message(
            "end-of-call-report",
            &format!(r#","summary":"{said}","messages":[{{"role":"user","message":"{said}"}}]"#),
        ),
        message("assistant-request", &format!(r#","note":"{said}""#)),
        message("another-event", &format!(r#","note":"{said}""#)),
        tool_calls(&[("hello", &format!(r#"{{"unknown":"{said}"}}"#)), ("hello_later", "{}"), ("helo", "{}")]),
        format!(r#"{{"message":"{said}""#),
        format!(r#"{{"message":{{"type":"status-update","call":{{"id":{{"a":"{said}"}}}}}}}}"#),
        format!("{said}{}", "x".repeat(2_000_000)),
    ];
    let mut signatures = Vec::new();
    for body in &bodies {
        for secret in [MARKED, "marked-previous-77ab", "marked-foreign-902c"] {
            let timestamp = now().to_string();
            signatures.push(crate::support::hmac(secret, format!("{timestamp}.{body}").as_bytes()));
            let mut connection = Connection::to(process.address()).await;
            connection
                .send(request_with(&signature_headers(secret, &timestamp, body.as_bytes()), body.as_bytes()))
                .await;
            if let Some(answer) = connection.try_answer().await {
                answers.push_str(&answer.head);
                answers.push_str(&answer.body);
            }
        }
    }
    for odd in [
        format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nX-Webhook-Signature: {}\r\n\r\n", signatures[0]),
        format!("POST {PATH} HTTP/1.1\r\nX-Webhook-Signature: {}\r\n\r\n", signatures[0]),
        format!("GET /elsewhere HTTP/1.1\r\nHost: a\r\nX-Webhook-Signature: {}\r\n\r\n", signatures[0]),
        format!("nonsense {said}\r\n\r\n"),
    ] {
        let mut connection = Connection::to(process.address()).await;
        connection.send(odd).await;
        if let Some(answer) = connection.try_answer().await {
            answers.push_str(&answer.head);
        }
    }
    folder.replace("previous", "marked-previous-88cd\n");
    process.signal("HUP");
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.signal("TERM");
    process.child.wait().await.unwrap();

    let log = process.log.lock().unwrap().clone();
    assert!(log.contains("has changed") && log.contains(r#""key":"previous""#), "the paths were not driven");
    let output = [log, answers].concat();
    for forbidden in ["marked-secret", "marked-previous", "marked-foreign", said] {
        let found = output.lines().find(|line| line.contains(forbidden));
        assert_eq!(found, None, "{forbidden}");
    }
    for signature in signatures {
        assert!(!output.contains(&signature), "a signature is in the output");
    }
}

/// Looks for `text` in everything that a process may read and write.
#[cfg(target_os = "linux")]
fn memory_holds(id: u32, text: &str) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let memory = fs::File::open(format!("/proc/{id}/mem"))?;
    for line in fs::read_to_string(format!("/proc/{id}/maps"))?.lines() {
        let (range, rest) = line.split_once(' ').unwrap_or_default();
        let (Some((start, end)), true) = (range.split_once('-'), rest.starts_with("rw")) else { continue };
        let bound = |text| u64::from_str_radix(text, 16).unwrap();
        let mut piece = vec![0; (bound(end) - bound(start)) as usize];
        if memory.read_exact_at(&mut piece, bound(start)).is_ok()
            && piece.windows(text.len()).any(|window| window == text.as_bytes())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_secret_from_a_file_stays_nowhere_in_memory() {
    let (secret, path) = ("in-memory-secret-41d8", format!("/unlikely-{}-path", 5_617));
    let folder = Folder::new("memory");
    folder.replace("current", secret);
    let current = folder.file("current");
    let process = Process::start(&[
        ("HMS_WEBHOOK_SECRET", ""),
        ("HMS_WEBHOOK_SECRET_FILE", text(&current)),
        ("HMS_WEBHOOK_PATH", &path),
    ])
    .await;
    let body = message("status-update", "");
    let request = String::from_utf8(request_of(secret, &body)).unwrap().replace(PATH, &path);
    let mut connection = Connection::to(process.address()).await;
    connection.send(request).await;
    assert_eq!(connection.answer().await.status, 200);
    let id = process.child.id().unwrap();
    match memory_holds(id, &path) {
        Ok(found) => assert!(found, "the search finds what is there"),
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "a skipped test says so")]
            return eprintln!("skipped: the memory of another process cannot be read: {error}");
        }
    }
    assert!(!memory_holds(id, secret).unwrap());
}
