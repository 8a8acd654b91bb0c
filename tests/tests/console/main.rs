//! Who gets to see the development console, and what keeps everybody else out; over real sockets, from the program
//! that a user would start.
//!
//! What its page does is tested in a browser, in the folder `console/tests` of the repository.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

/// The tools of the program that [`copied`] was copied from.
#[path = "../push/garage.rs"]
#[expect(dead_code, reason = "its tools are found, its `main` is not needed")]
mod garage;

/// What the console of `garage` gives as tests, unchanged: `console/tests/restart.test.mjs` compares it.
#[rustfmt::skip]
mod copied {
    mod broken_off;
    mod exact_numbers;
    mod greeting;
    mod many_items;
    mod report;
    mod status;
    mod too_large_a_number;
    mod tool;
    mod wrong_arguments;
}

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

const SECRET: &str = "demo-secret-1";
/// Longer than anything here takes; only a program that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(20);

fn garage(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    program(env!("CARGO_BIN_EXE_garage"), arguments, variables)
}

fn program(path: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments).env_clear().env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_STORE", "memory");
    command.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// A running program with its console.
struct Garage {
    child: Child,
    /// As in `Host`.
    host: String,
    /// The path of the console, with its token.
    base: String,
}

impl Garage {
    async fn start(variables: &[(&str, &str)]) -> Self {
        Self::spawn(garage(&["serve", "--dev", "--listen", "127.0.0.1:0"], variables)).await
    }

    async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let find = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some((_, url)) = line["message"].as_str().unwrap_or_default().split_once("http://")
                    && let Some((host, rest)) = url.split_once("/_console/")
                {
                    return (host.to_owned(), format!("/_console/{rest}"));
                }
            }
            panic!("the program ended without telling where its console is");
        };
        let (host, base) = tokio::time::timeout(PATIENCE, find).await.unwrap();
        // Read on, so that the program can write on.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, host, base }
    }

    /// Sends a request with these header lines and reads the whole answer.
    async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|line| line.starts_with("Host:")) {
            request.push_str(&format!("Host: {}\r\n", self.host));
        }
        headers.iter().for_each(|line| request.push_str(&format!("{line}\r\n")));
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server hangs").unwrap();
        Answer::read(&String::from_utf8_lossy(&answer))
    }

    /// What the stream tells, until it has told of deliveries so often.
    async fn stream(&self, deliveries: usize) -> String {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let request = format!("GET {}api/stream HTTP/1.1\r\nHost: {}\r\n\r\n", self.base, self.host);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut told = String::new();
        let read = async {
            let mut buffer = [0; 4096];
            while told.matches("event: delivery").count() < deliveries || !told.ends_with("\n\n\r\n") {
                let length = stream.read(&mut buffer).await.unwrap();
                assert_ne!(length, 0, "the stream ended: {told}");
                told.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        };
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.unwrap_or_else(|_| panic!("the stream tells too little: {told}"));
        told
    }

    async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.ask("GET", path, headers, "").await
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

#[tokio::test]
async fn the_page_is_there_and_kept_to_itself() {
    let garage = Garage::start(&[]).await;
    for file in ["", "console.js", "console.css", "api/app"] {
        let answer = garage.get(&format!("{}{file}", garage.base), &[]).await;
        assert_eq!(answer.status, 200, "{file}");
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self';",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
        ] {
            assert!(answer.head.contains(header), "{header} in {}", answer.head);
        }
        assert!(!answer.head.contains("access-control-"), "{}", answer.head);
        assert!(!answer.body.contains(SECRET));
    }
    // The webhook beside it answers as ever.
    assert_eq!(garage.get("/healthz", &["Host: elsewhere.example"]).await.status, 200);
}

#[tokio::test]
async fn without_its_token_nothing_is_found() {
    let garage = Garage::start(&[]).await;
    let token = garage.base.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    assert!(token.len() >= 32, "128 bits");
    let longer = format!("/_console/{token}0/");
    let shorter = format!("/_console/{}/", &token[1..]);
    for path in ["/_console", "/_console/", "/_console/api/app", "/_console//", &longer, &shorter] {
        let answer = garage.get(path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains(&token) && !answer.head.contains(&token), "{path} tells the token");
    }
    let other = Garage::start(&[]).await;
    assert_ne!(garage.base, other.base, "each start has a token of its own");
}

#[tokio::test]
async fn a_name_that_leads_here_by_rebinding_is_refused() {
    let garage = Garage::start(&[]).await;
    let port = garage.host.rsplit(':').next().unwrap();
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".into(), "127.0.0.1".into(), "".into()]
    {
        let answer = garage.get(&garage.base, &[&format!("Host: {host}")]).await;
        assert_eq!(answer.status, 421, "{host}");
    }
    for host in [format!("localhost:{port}"), format!("LOCALHOST:{port}"), format!("[::1]:{port}")] {
        assert_eq!(garage.get(&garage.base, &[&format!("Host: {host}")]).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn each_name_that_a_request_has_for_this_machine_is_looked_at() {
    let garage = Garage::start(&[]).await;
    let (own, foreign) = (format!("Host: {}", garage.host), "Host: evil.example");
    let absolute = |host: &str| format!("http://{host}{}", garage.base);
    for headers in [[&*own, foreign], [foreign, &*own]] {
        let status = garage.get(&garage.base, &headers).await.status;
        assert!(matches!(status, 400 | 421), "{headers:?}: {status}");
    }
    assert_eq!(garage.get(&absolute("evil.example"), &[&own]).await.status, 421);
    assert_eq!(garage.get(&absolute(&garage.host), &[foreign]).await.status, 421);
    assert_eq!(garage.get(&absolute(&garage.host), &[&own]).await.status, 200);
}

#[tokio::test]
async fn what_was_forwarded_from_elsewhere_is_refused() {
    // As by a tunnel that lets the platform in and writes the address of this machine into `Host`.
    let garage = Garage::start(&[]).await;
    for header in [
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-Host: desk.example",
        "X-Forwarded-Proto: https",
        "Forwarded: for=203.0.113.7",
        "Via: 1.1 tunnel",
        "X-Real-IP: 203.0.113.7",
        "CF-Connecting-IP: 203.0.113.7",
    ] {
        let answer = garage.get(&garage.base, &[header]).await;
        assert_eq!(answer.status, 403, "{header}");
        assert!(answer.body.contains("forwarded"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let garage = Garage::start(&[]).await;
    let deliveries = format!("{}api/deliveries", garage.base);
    let own = format!("Origin: http://{}", garage.host);
    let body = r#"{"body":"{}"}"#;
    let json = "Content-Type: application/json";
    for foreign in [
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: http://127.0.0.1:1",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: none",
    ] {
        assert_eq!(garage.ask("POST", &deliveries, &[foreign, json], body).await.status, 403, "{foreign}");
    }
    assert_eq!(garage.ask("POST", &deliveries, &[&own, "Content-Type: text/plain"], body).await.status, 415);
    assert_eq!(garage.ask("POST", &deliveries, &[&own, "Sec-Fetch-Site: same-origin", json], body).await.status, 200);
    assert_eq!(garage.get(&garage.base, &["Sec-Fetch-Site: none"]).await.status, 200, "an address that was typed");
    assert_eq!(garage.get(&garage.base, &["Sec-Fetch-Site: cross-site"]).await.status, 403);
}

#[tokio::test]
async fn it_delivers_like_the_platform_and_shows_what_came() {
    let garage = Garage::start(&[]).await;
    let call = r#"{\"message\":{\"type\":\"tool-calls\",\"call\":{\"id\":\"c-1\"},\"tool_call_list\":[{\"id\":\"t-1\",\"type\":\"function\",\"function\":{\"name\":\"find_slot\",\"arguments\":{\"day\":\"2026-02-05\"}}}]}}"#;
    let deliver = async |options: &str| {
        let body = format!(r#"{{"body":"{call}"{options}}}"#);
        garage.ask("POST", &format!("{}api/deliveries", garage.base), &["Content-Type: application/json"], &body).await
    };
    let answer = deliver("").await;
    assert!(answer.body.contains(r#""status":200"#) && answer.body.contains("2026-02-05"), "{}", answer.body);
    for refused in
        [r#","signature":"wrong""#, r#","signature":"none""#, r#","age_seconds":400"#, r#","age_seconds":-400"#]
    {
        let answer = deliver(refused).await;
        assert!(answer.body.contains(r#""status":401"#), "{refused}: {}", answer.body);
    }

    let told = garage.stream(5).await;
    assert!(told.contains("event: hello") && told.contains("text/event-stream"), "{told}");
    assert!(!told.contains(SECRET));
}

#[tokio::test]
async fn secrets_of_a_delivery_are_not_shown_and_still_repeated() {
    let garage = Garage::start(&[]).await;
    let deliveries = format!("{}api/deliveries", garage.base);
    let post = async |wanted: serde_json::Value| {
        let json = "Content-Type: application/json";
        garage.ask("POST", &deliveries, &[json], &wanted.to_string()).await
    };
    let body = serde_json::json!({ "message": {
        "type": "tool-calls",
        "call": { "id": "c-1" },
        "assistant": { "webhook_secret": "of-the-assistant", "llm_config": { "server_url_secret": "of-the-model" } },
        "tool_call_list": [
            { "id": "t-1", "type": "function", "function": { "name": "find_slot", "arguments": { "day": SECRET } } },
        ],
    }})
    .to_string();
    let first = post(serde_json::json!({ "body": body })).await;
    assert!(first.body.contains("[secret]") && !first.body.contains(SECRET), "{}", first.body);
    let again = post(serde_json::json!({ "delivery": 1 })).await;
    assert!(again.body.contains(r#""status":200"#), "{}", again.body);
    let unknown = post(serde_json::json!({ "delivery": 77 })).await;
    assert!(unknown.status == 404 && unknown.body.contains("delivery 77 is not kept any more"), "{}", unknown.body);

    let told = garage.stream(2).await;
    for secret in [SECRET, "of-the-assistant", "of-the-model"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    assert_eq!(told.matches(r#"\"webhook_secret\":\"[secret]\""#).count(), 2, "{told}");
    assert_eq!(told.matches(&format!(r#""bytes":{},"#, body.len())).count(), 2, "the same bytes: {told}");
    assert_eq!(told.matches(r#""outcome":"repeated""#).count(), 2, "{told}");
}

#[tokio::test]
async fn a_dead_letter_is_tried_again_once() {
    let watched = env!("CARGO_BIN_EXE_watched");
    let garage = Garage::spawn(program(watched, &["serve", "--dev", "--listen", "127.0.0.1:0"], &[])).await;
    let post = async |path: &str, wanted: serde_json::Value| {
        let json = "Content-Type: application/json";
        garage.ask("POST", &format!("{}api/{path}", garage.base), &[json], &wanted.to_string()).await.status
    };
    let inbox = async || {
        let told = garage.get(&format!("{}api/inbox", garage.base), &[]).await.body;
        // In one chunk, whose length stands before it.
        let json = told.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no object in {told}"));
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    };
    // Its handler fails the first time, and has no second try.
    let body = serde_json::json!({ "message": { "type": "transcript", "call": { "id": "c-1" } } });
    assert_eq!(post("deliveries", serde_json::json!({ "body": body.to_string() })).await, 200);
    let dead = async {
        loop {
            let told = inbox().await;
            if told["counts"]["dead"] == 1 {
                return told["items"][0]["id"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let id = tokio::time::timeout(PATIENCE, dead).await.expect("it does not die");
    let again = serde_json::json!({ "id": id });
    assert_eq!(post("inbox/replay", again.clone()).await, 200);
    let done = async {
        while inbox().await["items"] != serde_json::json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("it is not tried again");
    assert_eq!(post("inbox/replay", again).await, 404, "there is none any more");
}

#[tokio::test]
async fn a_page_that_is_open_stays_connected_where_nothing_happens() {
    // Its connections may be idle for a second.
    let watched = env!("CARGO_BIN_EXE_watched");
    let garage = Garage::spawn(program(watched, &["serve", "--dev", "--listen", "127.0.0.1:0"], &[])).await;
    let mut stream = TcpStream::connect(&garage.host).await.unwrap();
    let request = format!("GET {}api/stream HTTP/1.1\r\nHost: {}\r\n\r\n", garage.base, garage.host);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(4), stream.read_to_end(&mut rest)).await;
    let told = String::from_utf8_lossy(&rest);
    assert!(end.is_err() && told.contains("event: hello"), "it ended with {end:?} after {told}");
}

#[tokio::test]
async fn a_page_that_is_open_does_not_keep_the_server_from_stopping() {
    let mut garage = Garage::start(&[]).await;
    let mut stream = TcpStream::connect(&garage.host).await.unwrap();
    let request = format!("GET {}api/stream HTTP/1.1\r\nHost: {}\r\n\r\n", garage.base, garage.host);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    let stopped = tokio::time::Instant::now();
    let id = garage.child.id().unwrap().to_string();
    assert!(Command::new("kill").arg(&id).status().await.unwrap().success());
    let status = tokio::time::timeout(PATIENCE, garage.child.wait()).await.expect("it hangs").unwrap();
    assert!(status.success());
    assert!(stopped.elapsed() < Duration::from_secs(5), "it waited for the page: {:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_given_token_stays_and_a_bad_one_is_refused() {
    let token = "0123456789abcdef0123456789abcdef";
    let garage = Garage::start(&[("HMS_WEBHOOK_CONSOLE_TOKEN", token)]).await;
    assert_eq!(garage.base, format!("/_console/{token}/"));
    for bad in ["short", "0123456789abcdef0123456789abcde/"] {
        let seen = refused(&["serve", "--dev", "--listen", "127.0.0.1:0"], &[("HMS_WEBHOOK_CONSOLE_TOKEN", bad)]).await;
        assert!(seen.contains("HMS_WEBHOOK_CONSOLE_TOKEN is no token") && !seen.contains(bad), "{seen}");
    }
}

#[tokio::test]
async fn it_is_refused_on_an_address_that_others_reach() {
    for address in ["0.0.0.0:0", "[::]:0", "unix:never-made.sock"] {
        let seen = refused(&["serve", "--dev", "--listen", address], &[]).await;
        assert!(seen.contains("`--dev` serves the development console on a loopback address only"), "{seen}");
        assert!(seen.contains("listen on 127.0.0.1"), "{seen}");
    }
}

#[tokio::test]
async fn it_is_refused_together_with_tls() {
    let tls = [("HMS_WEBHOOK_TLS_CERTIFICATE", "certificate.pem"), ("HMS_WEBHOOK_TLS_KEY", "key.pem")];
    let seen = refused(&["serve", "--dev", "--listen", "127.0.0.1:0"], &tls).await;
    let said = seen.lines().filter(|line| line.contains("`--dev`") && line.contains("TLS")).collect::<Vec<_>>();
    assert_eq!(said.len(), 1, "{seen}");
    assert!(said[0].contains("HMS_WEBHOOK_TLS_CERTIFICATE") && said[0].contains("leave `--dev` out"), "{seen}");
}

/// Starts what must not start, and returns what it says.
async fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output =
        tokio::time::timeout(PATIENCE, garage(arguments, variables).output()).await.expect("it started").unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn its_address_is_told_whatever_the_log_leaves_out() {
    for log in ["warn", "off", "debug"] {
        let variables = [("RUST_LOG", log), ("HMS_WEBHOOK_LOG_FORMAT", "human")];
        let mut child = garage(&["serve", "--dev", "--listen", "127.0.0.1:0"], &variables).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let find = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("the development console is at http://127.0.0.1:") && line.contains("/_console/") {
                    return;
                }
            }
            panic!("it ended, with RUST_LOG={log}");
        };
        tokio::time::timeout(PATIENCE, find).await.unwrap_or_else(|_| panic!("not told, with RUST_LOG={log}"));
    }
}

#[tokio::test]
async fn without_the_flag_there_is_none() {
    let mut child = garage(&["serve", "--listen", "127.0.0.1:0"], &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let host = loop {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        said.push_str(&line);
        if let Some((_, address)) = line.split_once("listening on ") {
            break address.split(',').next().unwrap().to_owned();
        }
    };
    assert!(!said.contains("_console"), "{said}");
    let garage = Garage { child, host, base: String::new() };
    for path in ["/_console", "/_console/", "/_console/console.js"] {
        assert_eq!(garage.get(path, &[]).await.status, 404, "{path}");
    }
}
