//! The command over a socket, against a stand-in of the platform.

mod platform;

use std::{io, time::Duration};

use http::Method;
use serde_json::{Value, json};

use self::platform::{KEY, Platform, Step, answer};
use super::{
    Outcome,
    apply::{Console, Mode},
    plan::Wanted,
    run_with,
    settings::Settings,
};
use crate::rest::{Credential, patience::Patience};

fn garage() -> Value {
    json!({
        "id": "a-1",
        "name": "Garage Noord",
        "webhook_url": "https://hooks.example.com/voice",
        "webhook_events": ["tool-calls"],
        "webhook_secret": "an-old-secret",
        "llm_config": {
            "provider": "openai",
            "model": "gpt-5.4-mini",
            "messages": [{ "role": "system", "content": "You answer for garage Noord." }],
            "tools": [
                { "type": "end_call" },
                { "type": "function", "function": { "name": "find_slot", "description": "Find." } },
                { "type": "mcp", "mcp_server_id": "m-1" },
                { "name": "theirs", "url": "https://elsewhere.example.com" },
            ],
        },
    })
}

fn definitions() -> Vec<Value> {
    vec![
        json!({ "name": "find_slot", "description": "Find free slots.", "parameters": { "type": "object", "properties": {} } }),
        json!({ "name": "book_slot", "description": "Book a slot.", "async": true, "async_response": "It is on its way.", "parameters": { "type": "object", "properties": {} } }),
    ]
}

/// What was written where, and what happens when the question is asked.
#[derive(Default)]
struct Recorder<'a> {
    shown: String,
    told: String,
    on_question: Option<Box<dyn FnMut() -> bool + Send + 'a>>,
}

impl Console for &mut Recorder<'_> {
    fn show(&mut self, text: &str) -> io::Result<()> {
        self.shown.push_str(text);
        Ok(())
    }

    fn tell(&mut self, text: &str) {
        self.told.push_str(text);
        self.told.push('\n');
    }

    fn confirm(&mut self, _question: &str) -> io::Result<bool> {
        Ok((self.on_question.as_mut().expect("nobody expected a question"))())
    }
}

struct Run {
    outcome: Result<Outcome, String>,
    shown: String,
    told: String,
}

impl Run {
    fn error(&self) -> &str {
        self.outcome.as_ref().expect_err("an error was expected")
    }
}

fn settings(api_url: String, mode: Mode, wanted: Wanted) -> Settings {
    Settings { api_url, api_key: Credential::new(KEY.into()), assistant_id: "a-1".into(), wanted, mode }
}

const QUICK: Patience =
    Patience { tries: 3, first_wait: Duration::from_millis(1), longest_wait: Duration::from_secs(1) };

async fn run_settings(settings: Settings, mut recorder: Recorder<'_>) -> Run {
    let outcome = run_with(&definitions(), &settings, &mut recorder, QUICK).await.map_err(|error| error.to_string());
    let run = Run { outcome, shown: recorder.shown, told: recorder.told };
    let all = format!("{}{}{:?}", run.shown, run.told, run.outcome);
    assert!(!all.contains(KEY) && !all.contains("a-new-secret"), "a secret was shown: {all}");
    if let Err(error) = &run.outcome {
        assert!(!error.contains('\n'), "more than one line: {error}");
    }
    run
}

async fn run(platform: &Platform, mode: Mode) -> Run {
    run_settings(settings(platform.url(), mode, Wanted::default()), Recorder::default()).await
}

fn everything() -> Wanted {
    Wanted {
        webhook_url: Some("https://new.example.com/voice".into()),
        events: Some(vec!["tool-calls".into(), "end-of-call-report".into()]),
        secret: Some(Credential::new("a-new-secret".into())),
        prune: true,
    }
}

// --- What is done -----------------------------------------------------------------------------

#[tokio::test]
async fn a_dry_run_shows_and_writes_nothing() {
    let platform = Platform::start(garage()).await;
    let run = run(&platform, Mode::DryRun).await;
    assert_eq!(run.outcome, Ok(Outcome::Difference));
    assert!(run.shown.contains("~ find_slot") && run.shown.contains("+ book_slot"), "{}", run.shown);
    assert!(run.shown.starts_with("assistant a-1 (Garage Noord)\n"), "{}", run.shown);
    assert_eq!(run.told, "");
    assert_eq!(platform.state().requests.len(), 1);
    assert_eq!((Outcome::Done.exit_code(), Outcome::Difference.exit_code()), (0, 2));
}

#[tokio::test]
async fn it_applies_once_and_then_finds_no_difference() {
    // Every mixture of what the documents leave open.
    for bits in 0..16 {
        let platform = Platform::start(garage()).await;
        {
            let mut state = platform.state();
            (state.bare, state.merges) = (bits & 1 > 0, bits & 2 > 0);
            (state.tags, state.nests) = (bits & 4 > 0, bits & 8 > 0);
        }
        let first = run(&platform, Mode::Apply).await;
        assert_eq!(first.outcome, Ok(Outcome::Done), "{bits:04b}");
        let mut expected = garage();
        let tools = expected["llm_config"]["tools"].as_array_mut().unwrap();
        tools[1] = definitions()[0].clone();
        tools.push(definitions()[1].clone());
        assert_eq!(platform.patches(), [json!({ "llm_config": expected["llm_config"] })]);

        let again = run(&platform, Mode::DryRun).await;
        assert_eq!(
            (again.outcome, again.shown.lines().last()),
            (Ok(Outcome::Done), Some("no difference")),
            "{bits:04b}"
        );
    }
}

#[tokio::test]
async fn settings_are_written_only_when_asked_for() {
    let platform = Platform::start(garage()).await;
    platform.state().masks = true;
    let run = run_settings(settings(platform.url(), Mode::Apply, everything()), Recorder::default()).await;
    assert_eq!(run.outcome, Ok(Outcome::Done));
    assert!(run.shown.contains("cannot be compared"), "{}", run.shown);
    let state = platform.state();
    assert_eq!(state.assistant["webhook_url"], "https://new.example.com/voice");
    assert_eq!(state.assistant["webhook_events"], json!(["tool-calls", "end-of-call-report"]));
    assert_eq!(state.assistant["webhook_secret"], "a-new-secret");
    assert_eq!(state.assistant["name"], "Garage Noord");
}

#[tokio::test]
async fn it_asks_and_a_no_changes_nothing() {
    for (answer, outcome) in [(true, Ok(Outcome::Done)), (false, Err("nothing was changed".to_owned()))] {
        let platform = Platform::start(garage()).await;
        let recorder = Recorder { on_question: Some(Box::new(move || answer)), ..Recorder::default() };
        let run = run_settings(settings(platform.url(), Mode::Ask, Wanted::default()), recorder).await;
        assert_eq!(run.outcome, outcome);
        assert_eq!(platform.patches().len(), usize::from(answer));
    }
}

// --- Somebody else edits ----------------------------------------------------------------------

#[tokio::test]
async fn an_edit_while_the_question_stands_is_noticed_and_refused() {
    let platform = Platform::start(garage()).await;
    let on_question = || {
        platform.state().edit(|assistant| assistant["llm_config"]["model"] = "another".into());
        true
    };
    let recorder = Recorder { on_question: Some(Box::new(on_question)), ..Recorder::default() };
    let run = run_settings(settings(platform.url(), Mode::Ask, Wanted::default()), recorder).await;
    assert!(run.error().contains("changed by somebody else meanwhile"), "{}", run.error());
    assert_eq!(platform.patches(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_edit_in_the_last_moment_is_noticed_by_the_tag() {
    let platform = Platform::start(garage()).await;
    platform.state().tags = true;
    let edit = Step::EditFirst(|assistant| assistant["llm_config"]["model"] = "another".into());
    platform.script([(Method::GET, Step::Pass), (Method::GET, Step::Pass), (Method::PATCH, edit)]);
    assert!(run(&platform, Mode::Apply).await.error().contains("changed by somebody else meanwhile"));
    assert_eq!(platform.state().assistant["llm_config"]["tools"], garage()["llm_config"]["tools"]);
}

/// Nothing between the last look and the write tells of an edit. What the command does not write stays as it was edited.
#[tokio::test]
async fn without_a_tag_an_edit_in_the_last_moment_is_overwritten() {
    let platform = Platform::start(garage()).await;
    let edit = Step::EditFirst(|assistant| {
        assistant["llm_config"]["model"] = "another".into();
        assistant["name"] = "Garage Zuid".into();
        assistant["webhook_url"] = "https://another.example.com".into();
    });
    platform.script([(Method::GET, Step::Pass), (Method::GET, Step::Pass), (Method::PATCH, edit)]);
    assert_eq!(run(&platform, Mode::Apply).await.outcome, Ok(Outcome::Done));
    let state = platform.state();
    assert_eq!(state.assistant["llm_config"]["model"], garage()["llm_config"]["model"]);
    assert_eq!(state.assistant["name"], "Garage Zuid");
    assert_eq!(state.assistant["webhook_url"], "https://another.example.com");
}

#[tokio::test]
async fn a_tool_that_the_platform_adds_and_its_order_of_the_list_do_not_matter() {
    let mut assistant = garage();
    assistant["llm_config"]["tools"].as_array_mut().unwrap().remove(0);
    let platform = Platform::start(assistant).await;
    platform.state().adds_and_reorders = true;
    assert_eq!(run(&platform, Mode::Apply).await.outcome, Ok(Outcome::Done));
    assert_eq!(platform.state().assistant["llm_config"]["tools"].as_array().unwrap().len(), 5);
    assert_eq!(run(&platform, Mode::DryRun).await.outcome, Ok(Outcome::Done));
}

#[tokio::test]
async fn a_write_is_not_repeated_over_an_edit_that_came_in_between() {
    let platform = Platform::start(garage()).await;
    let edit = Step::EditThen(|assistant| assistant["llm_config"]["model"] = "another".into(), answer(502, &[], ""));
    platform.script([(Method::GET, Step::Pass), (Method::GET, Step::Pass), (Method::PATCH, edit)]);
    let run = run(&platform, Mode::Apply).await;
    assert!(run.error().contains("whether the change was made is not known"), "{}", run.error());
    assert_eq!(platform.patches().len(), 1);
    assert_eq!(platform.state().assistant["llm_config"]["model"], "another");
}

#[tokio::test]
async fn a_change_that_the_platform_does_not_keep_is_an_error() {
    let platform = Platform::start(garage()).await;
    platform.state().forgets = true;
    let run = run(&platform, Mode::Apply).await;
    assert!(
        run.error().contains("does not hold it as it was sent") && run.error().contains("`find_slot`"),
        "{}",
        run.error()
    );
}

// --- Trouble on the way -----------------------------------------------------------------------

#[tokio::test]
async fn a_rate_limit_and_passing_trouble_are_waited_out() {
    let platform = Platform::start(garage()).await;
    let limited =
        || Step::Answer(answer(429, &[("retry-after", "0")], json!({ "error": { "code": "rate_limit_exceeded" } })));
    let dated = Step::Answer(answer(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], ""));
    platform.script([
        (Method::GET, limited()),
        (Method::GET, Step::Answer(answer(500, &[], "<html>"))),
        (Method::GET, Step::Pass),
        (Method::GET, dated),
        (Method::GET, Step::Pass),
        (Method::PATCH, limited()),
        (Method::GET, Step::Pass),
        (Method::PATCH, Step::Answer(answer(503, &[], ""))),
        (Method::GET, Step::Pass),
        (Method::PATCH, Step::Pass),
        (Method::GET, Step::Answer(answer(504, &[], ""))),
    ]);
    let run = run(&platform, Mode::Apply).await;
    assert_eq!(run.outcome, Ok(Outcome::Done));
    assert_eq!(run.told.matches("trying again").count(), 6, "{}", run.told);
    assert_eq!(platform.patches().len(), 3);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_repeated() {
    let platform = Platform::start(garage()).await;
    let lost = Step::CarryOutThen(answer(502, &[], ""));
    platform.script([(Method::GET, Step::Pass), (Method::GET, Step::Pass), (Method::PATCH, lost)]);
    assert_eq!(run(&platform, Mode::Apply).await.outcome, Ok(Outcome::Done));
    assert_eq!(platform.patches().len(), 1);
}

#[tokio::test]
async fn patience_ends_and_says_what_is_known() {
    let limited = |wait: &str| Step::Answer(answer(429, &[("retry-after", wait)], ""));
    let platform = Platform::start(garage()).await;
    platform.script([(Method::GET, limited("3600"))]);
    let error = run(&platform, Mode::Apply).await;
    assert!(error.error().contains("429") && error.error().contains("3600 s"), "{}", error.error());
    assert_eq!(platform.state().requests.len(), 1, "coming back earlier than asked is of no use");

    let platform = Platform::start(garage()).await;
    let broken = || Step::Answer(answer(503, &[], ""));
    platform.script([(Method::GET, Step::Pass)]);
    for _ in 0..3 {
        platform.script([(Method::GET, Step::Pass), (Method::PATCH, broken())]);
    }
    let error = run(&platform, Mode::Apply).await;
    assert!(error.error().contains("503") && error.error().contains("is not known"), "{}", error.error());
    assert_eq!(platform.patches().len(), 3);

    let platform = Platform::start(garage()).await;
    platform.script([(Method::GET, Step::Pass), (Method::GET, Step::Pass), (Method::PATCH, Step::Pass)]);
    platform.script((0..3).map(|_| (Method::GET, broken())));
    let error = run(&platform, Mode::Apply).await;
    assert!(error.error().starts_with("the change was made, but reading it back failed"), "{}", error.error());
}

#[tokio::test]
async fn every_refusal_has_a_text_and_the_three_shapes_are_read() {
    for (status, body, parts) in [
        (
            400,
            json!({ "error": { "code": "invalid_request", "message": "Bad shape", "param": "llm_config", "type": "x" } }),
            ["Bad shape", "`llm_config`"],
        ),
        (
            401,
            json!({ "error": "Unauthorized", "message": format!("Unknown key {KEY}") }),
            ["HMS_API_KEY", "Unknown key (hidden)"],
        ),
        (402, json!({ "error": "No credits" }), ["credits", "No credits"]),
        (403, json!(null), ["403", "may not"]),
        (404, json!({ "error": "Not found", "message": null }), ["--assistant", "Not found"]),
        (409, json!({ "error": "Conflict", "details": ["busy"] }), ["409", "Conflict; busy"]),
        (
            422,
            json!({ "error": "Invalid", "message": "tools", "details": ["first\u{1b}[31m\n", "second"] }),
            ["422", "second"],
        ),
        (418, json!("teapot"), ["418", "does not know"]),
    ] {
        let platform = Platform::start(garage()).await;
        platform.script([
            (Method::GET, Step::Pass),
            (Method::GET, Step::Pass),
            (Method::PATCH, Step::Answer(answer(status, &[], body))),
        ]);
        let run = run(&platform, Mode::Apply).await;
        for part in parts {
            assert!(run.error().contains(part), "{part} in {}", run.error());
        }
        assert!(!run.error().contains(['\u{1b}', '\n']));
    }
}

#[tokio::test]
async fn no_part_of_the_key_is_repeated_where_a_text_is_cut() {
    for before in 275..=300 {
        let said = format!("{} {KEY} and more", "x".repeat(before));
        let platform = Platform::start(garage()).await;
        platform.script([(Method::GET, Step::Answer(answer(401, &[], json!({ "error": said }))))]);
        let run = run(&platform, Mode::DryRun).await;
        assert!(run.error().contains("xxx") && !run.error().contains("fl_"), "{before}: {}", run.error());
    }
}

#[tokio::test]
async fn no_text_of_the_platform_shows_the_key() {
    let mut assistant = garage();
    assistant["name"] = format!("{}{KEY}", "x".repeat(70)).into();
    assistant["webhook_events"] = json!([KEY]);
    let function = json!({ "name": "find_slot", "description": format!("{}{KEY}", "x".repeat(590)), KEY: 1 });
    assistant["llm_config"]["tools"] = json!([
        { "type": KEY },
        { "type": "function", "function": function },
        { "name": "theirs", "url": format!("https://elsewhere.example.com/{KEY}") },
        { "name": KEY },
    ]);
    let platform = Platform::start(assistant.clone()).await;
    platform.state().forgets = true;
    let wanted = Wanted { events: Some(vec!["tool-calls".into()]), ..Wanted::default() };
    let kept = run_settings(settings(platform.url(), Mode::Apply, wanted), Recorder::default()).await;
    for shown in [&kept.shown, kept.error()] {
        assert!(shown.contains("(hidden)") && !shown.contains("fl_"), "{shown}");
    }

    assistant["llm_config"]["tools"][1] = json!({ "type": KEY, "name": "find_slot" });
    let refused = run(&Platform::start(assistant).await, Mode::Apply).await;
    assert!(refused.error().contains("of the type `(hidden)`"), "{}", refused.error());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Platform::start(garage()).await;
    let platform = Platform::start(garage()).await;
    for status in [301, 302, 307, 308] {
        let location = format!("{}/assistants/a-1", elsewhere.url());
        platform.script([(Method::GET, Step::Answer(answer(status, &[("location", &location)], "")))]);
        assert!(run(&platform, Mode::DryRun).await.error().contains(&location));
    }
    assert!(elsewhere.state().requests.is_empty());
}

#[tokio::test]
async fn what_is_no_assistant_is_an_error() {
    for (response, part) in [
        (answer(200, &[("content-type", "text/html; charset=utf-8")], "<html>"), "no JSON but text/html"),
        (answer(200, &[("content-type", "application/json")], "{\"assistant\":"), "no JSON but a broken text"),
        (answer(204, &[], ""), "no JSON but an empty body"),
        (answer(200, &[], json!({ "status": "ok" })), "no assistant"),
        (answer(200, &[], json!([garage()])), "no assistant"),
        (answer(200, &[], " ".repeat(9 * 1024 * 1024)), "longer than 8 MiB"),
        (answer(200, &[], json!({ "assistant": { "id": "a-1", "llm_config": null } })), "`llm_config`"),
    ] {
        let platform = Platform::start(garage()).await;
        platform.script([(Method::GET, Step::Answer(response))]);
        let run = run(&platform, Mode::Apply).await;
        assert!(run.error().contains(part), "{part} in {}", run.error());
    }
}

#[tokio::test]
async fn an_api_that_is_not_there_is_an_error() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let gone = settings(format!("http://127.0.0.1:{port}"), Mode::DryRun, Wanted::default());
    let run = run_settings(gone, Recorder::default()).await;
    assert!(run.error().starts_with("the platform gave no answer (client error"), "{}", run.error());
    let plain = settings("http://api.example.com".into(), Mode::DryRun, Wanted::default());
    assert!(run_settings(plain, Recorder::default()).await.error().contains("plain http://"));
}

#[tokio::test(start_paused = true)]
async fn an_api_that_never_answers_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = settings(format!("http://{}", listener.local_addr().unwrap()), Mode::DryRun, Wanted::default());
    let run = run_settings(mute, Recorder::default()).await;
    assert!(run.error().contains("took too long"), "{}", run.error());
}
