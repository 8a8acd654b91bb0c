//! `serve --record` and the command `replay`: what is kept, what is not, and where answers differ.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "a-shared-secret";

fn garage(arguments: &[&str], port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garage"));
    command.args(arguments).env_clear().env("HMS_WEBHOOK_SECRET", SECRET).env("HMS_WEBHOOK_STORE", "memory");
    command.env("HMS_WEBHOOK_LISTEN", format!("127.0.0.1:{port}"));
    command
}

/// A `serve --record` of the garage, until it is dropped.
struct Recording {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Recording {
    async fn start(flags: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        let mut command = garage(&[&["serve", "--record", kept.to_str().unwrap()], flags].concat(), port);
        let child = command.stderr(fs::File::create(folder.path().join("log")).unwrap()).stdin(Stdio::null()).spawn();
        let recording = Self { child: child.unwrap(), port, folder };
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        recording
    }

    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = garage(arguments, self.port);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn kept(&self) -> std::path::PathBuf {
        self.folder.path().join("kept")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Stops the server in an orderly way, after which all is written.
    fn stop(&mut self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success() && self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files of a folder in order, as text.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.iter().map(|name| fs::read_to_string(name).unwrap()).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_has_no_number_no_name_and_no_secret() {
    let mut recording = Recording::start(&["--redact", "limit"]).await;
    let sent = [
        "send",
        "--tool",
        "find_slot",
        "--arg",
        "day=Anna Vos, 06-12000111, a-shared-secret, Bearer abcdefghijkl, anna.vos@mail.example.org",
        "--set",
        "customer.name=Anna Vos",
        "--set",
        "assistant.webhook_secret=another-one",
        "--set",
        "assistant.llm_config.messages=[{\"role\":\"system\",\"content\":\"You answer for Anna.\"}]",
    ];
    let (code, _, errors) = recording.run(&sent).await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(recording.run(&["send", "end-of-call-report"]).await.0, Some(0));
    assert_eq!(recording.run(&["send", "status-update", "--bad-signature"]).await.0, Some(2));
    recording.stop();

    let files = files(&recording.kept());
    assert_eq!(files.len(), 2, "what was refused is not kept: {files:?}");
    for private in
        ["612000111", "12000111", "Anna", "Vos", SECRET, "another-one", "abcdefghijkl", "mail.example", "sha256="]
    {
        assert!(!files.concat().contains(private), "{private}: {}", files[0]);
    }
    let kept = json(&files[0]);
    assert_eq!(
        (&kept["event"], &kept["tools"], &kept["status"]),
        (&json!("tool-calls"), &json!(["find_slot"]), &json!(200))
    );
    assert!(kept["milliseconds"].is_number() && kept["at"].as_str().unwrap().ends_with('Z'), "{kept}");
    let (number, caller) =
        (&kept["body"]["message"]["phone_number"]["number"], &kept["body"]["message"]["customer"]["number"]);
    assert!(number != caller && caller.as_str().unwrap().starts_with("+999"), "{kept}");
    let day = &kept["body"]["message"]["tool_call_list"][0]["function"]["arguments"]["day"];
    assert_eq!(day, "Person 1, 09-99000002, [secret], [secret], person1@example.com");
    assert_eq!(&kept["reply"]["results"][0]["result"]["result"][0], day, "equal things stay equal");
    let report = json(&files[1]);
    assert_eq!(&report["body"]["message"]["customer"]["number"], caller, "in another delivery too");
    assert!(report["body"]["message"]["summary"].as_str().unwrap().starts_with("[text "), "{report}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_may_read_and_a_write_error_hurts_no_delivery() {
    use std::os::unix::fs::PermissionsExt;

    let mut recording = Recording::start(&[]).await;
    assert_eq!(recording.run(&["send", "status-update"]).await.0, Some(0));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&recording.kept()), 0o700);
    while fs::read_dir(recording.kept()).unwrap().next().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    fs::remove_dir_all(recording.kept()).unwrap();
    let (code, answer, errors) = recording.run(&["send", "--tool", "find_slot", "--arg", "day=Monday"]).await;
    assert_eq!(code, Some(0), "{answer} {errors}");
    recording.stop();
    assert!(recording.log().contains("a delivery was not recorded"), "{}", recording.log());

    let file = recording.folder.path().join("log");
    let mut refused = garage(&["serve", "--record", file.to_str().unwrap()], 0);
    let output = refused.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && errors.contains("deliveries cannot be recorded in"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_names_each_place_that_differs() {
    let mut recording = Recording::start(&[]).await;
    assert_eq!(recording.run(&["simulate"]).await.0, Some(0));
    recording.stop();
    let kept = recording.kept();
    let folder = kept.to_str().unwrap();

    let server = Recording::start(&[]).await;
    let (code, output, errors) = server.run(&["replay", folder]).await;
    assert_eq!((code, &*errors), (Some(0), ""), "{output}");
    assert_eq!(output.lines().last(), Some("6 replayed: every answer is what it was"), "{output}");

    let name = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path());
    let file = name.into_iter().find(|path| path.to_str().unwrap().contains("find_slot")).unwrap();
    let mut changed = json(&fs::read_to_string(&file).unwrap());
    let now = changed["reply"]["results"][0]["result"]["result"].take();
    changed["reply"]["results"][0]["result"] = json!({ "result": now, "status": "shipped" });
    changed["status"] = 503.into();
    fs::write(&file, changed.to_string()).unwrap();
    let (code, output, _) = server.run(&["replay", folder]).await;
    assert_eq!(code, Some(2), "{output}");
    for part in
        ["status: 503 → 200", "results[0].result.status: \"shipped\" → (none)", "6 replayed: 1 answered otherwise"]
    {
        assert!(output.contains(part), "{part}: {output}");
    }
    let (code, output, _) = server.run(&["replay", folder, "--json", "--ignore", "results[*].result"]).await;
    let differing = json(&output);
    assert_eq!((code, &differing["differing"]), (Some(2), &json!(1)), "{output}");
    let differences: Vec<_> = differing["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["differences"].as_array().unwrap())
        .collect();
    assert_eq!(differences, [&json!({ "path": "status", "recorded": 503, "now": 200 })]);
    let ignored = ["replay", folder, "--ignore", "results[0].result.status", "--ignore", "status"];
    let (code, _, errors) = server.run(&ignored).await;
    assert_eq!((code, &*errors), (Some(0), ""));
    let (code, output, errors) = server.run(&["replay", folder, "--ignore", "result[0].status"]).await;
    assert_eq!(code, Some(2), "{output}");
    assert_eq!(errors, "--ignore result[0].status: no answer has anything at this path\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_new_to_the_server_unless_their_ids_are_kept() {
    let mut recording = Recording::start(&[]).await;
    let one = [
        "send",
        "--tool",
        "find_slot",
        "--arg",
        "day=Monday",
        "--set",
        "call.id=mine",
        "--set",
        "customer.number=\"+31612000111\"",
    ];
    assert_eq!(recording.run(&one).await.0, Some(0));
    recording.stop();
    let kept = recording.kept();
    let folder = kept.to_str().unwrap();

    // With the console in front too.
    let mut server = Recording::start(&["--dev"]).await;
    for flags in [&["replay", folder][..], &["replay", folder, "--keep-ids", "--caller", "+31612000999"]] {
        let (code, output, errors) = server.run(flags).await;
        assert_eq!(code, Some(0), "{output} {errors}");
    }
    server.stop();
    let got: Vec<_> = files(&server.kept()).iter().map(|text| json(text)["body"]["message"].take()).collect();
    assert!(got[0]["call"]["id"].as_str().unwrap().starts_with("mine-replayed-"), "{}", got[0]);
    assert_eq!(got[1]["call"]["id"], "mine");
    assert_ne!(got[0]["customer"]["number"], got[1]["customer"]["number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_replayed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let run = |path: &str| {
        let output = garage(&["replay", path], 9).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, errors) = run(path);
    assert!(code == Some(1) && errors.contains("is no recorded delivery"), "{errors}");
    let (code, errors) = run("/no/such/folder");
    assert!(code == Some(1) && errors.contains("cannot be read"), "{errors}");
    for (name, text) in [("1.json", "{"), ("2.json", "{\"at\": 5}"), ("notes.txt", "no delivery")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (code, errors) = run(path);
    assert!(code == Some(1) && errors.contains("1.json") && errors.contains("2.json"), "{errors}");
    assert!(!errors.contains("notes.txt"), "{errors}");
}
