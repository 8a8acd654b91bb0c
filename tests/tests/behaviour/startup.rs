//! What keeps an app from starting, each with a place and a remedy, all in one report.

use std::time::Duration;

use hms_webhook::{
    App, AssistantReply, AssistantRequest, Call, Deadline, EndOfCallReport, assistant_request, end_of_call_report,
    handlers, testing::TestPlatform, tool, tools,
};
use tokio::net::TcpListener;

use crate::support::SECRET;

struct Orders;
struct Crm;

mod other {
    /// The same name elsewhere.
    #[hms_webhook::tool("lookup")]
    pub(super) async fn lookup_too(_orders: &super::Orders) -> u8 {
        0
    }
}
use other::lookup_too;

/// Look something up.
#[tool]
async fn lookup(_orders: &Orders, _call: &Call, _deadline: &Deadline) -> u8 {
    0
}

#[assistant_request]
async fn greet(_request: AssistantRequest, _crm: &Crm) -> AssistantReply {
    AssistantReply::saved()
}

#[assistant_request]
fn greet_too(_request: AssistantRequest) -> AssistantReply {
    AssistantReply::saved()
}

fn problems(app: App) -> Vec<String> {
    app.into_service().map(|_| Vec::new()).unwrap_or_else(|error| error.problems().to_vec())
}

#[test]
fn all_problems_are_reported_together() {
    let error = App::new()
        .tools(tools![lookup])
        .tools(tools![lookup_too])
        .handlers(handlers![greet, greet_too])
        .state(0_u8)
        .state(1_u8)
        .path("webhooks")
        .into_service()
        .unwrap_err();
    let report = error.to_string();
    for parts in [
        &["no webhook secret", "HMS_WEBHOOK_SECRET", ".secret("][..],
        &[
            "the tool name `lookup` is used by `lookup`",
            "and by `lookup_too`",
            "startup.rs:",
            "#[tool(\"other_name\")]",
        ],
        &["one `#[assistant_request]` handler only", "`greet`", "`greet_too`", "startup.rs:"],
        &["`&behaviour::startup::Orders`", "borrowed by `lookup`", "as `_orders`", "startup.rs:", ".state("],
        &["`&behaviour::startup::Crm`", "borrowed by `greet`", ".state("],
        &["two values of the type `u8`"],
        &["`webhooks`, is no path", "/webhooks/hms-sovereign"],
    ] {
        let named_in_one = error.problems().iter().any(|problem| parts.iter().all(|part| problem.contains(part)));
        assert!(named_in_one, "{parts:?} in {report}");
    }
    assert_eq!(error.problems().len(), 7, "{report}");
    assert_eq!(format!("{error:?}"), report, "`main` prints the text for people");
}

#[end_of_call_report]
fn file_report(_report: &EndOfCallReport) {}

#[test]
fn an_event_that_is_borrowed_is_to_be_taken_owned() {
    let problems = problems(App::new().secret(SECRET).handlers(handlers![file_report]));
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.contains("borrowed by `file_report`") && !problem.contains(".state("), "{problem}");
    assert!(problem.ends_with("an event comes from the wire, so take it owned, as `EndOfCallReport`"), "{problem}");
}

#[test]
fn what_a_call_provides_needs_no_state() {
    assert_eq!(problems(App::new().secret(SECRET).tools(tools![lookup]).state(Orders)), Vec::<String>::new());
}

#[test]
fn the_place_is_that_of_the_function() {
    let line = include_str!("startup.rs").lines().position(|line| line.starts_with("async fn lookup(")).unwrap() + 1;
    let problem = &problems(App::new().secret(SECRET).tools(tools![lookup]))[0];
    assert!(problem.contains(&format!("startup.rs:{line})")), "{problem}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let app = || App::new().secret(SECRET);
    let too_long = [
        (app().assistant_request_budget(Duration::from_secs(6)), "5s"),
        (app().assistant_request_budget(Duration::ZERO), "5s"),
        (app().tool_calls_budget(Duration::from_millis(10_001)), "10s"),
        (app().body_limit(0), "`body`"),
        (app().concurrent_requests(0), "`requests`"),
        (app().limits(|limits| limits.json_depth = 500), "`json_depth`"),
        (app().limits(|limits| limits.bodies = 1000), "`bodies`"),
        (app().path(""), "no path"),
        (app().path("/a b"), "no path"),
        (app().path("/a?b"), "no path"),
        (app().path("/healthz"), "health"),
        (app().path("/_console"), "that of the console"),
        (app().secret(""), "empty"),
    ];
    for (app, part) in too_long {
        let problems = problems(app);
        assert!(problems.len() == 1 && problems[0].contains(part), "{part}: {problems:?}");
    }
}

#[tokio::test]
async fn unsigned_deliveries_are_for_loopback_only() {
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = App::new().allow_unsigned().serve(everywhere).await.unwrap_err();
    assert!(error.to_string().contains("loopback"), "{error}");

    let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = here.local_addr().unwrap();
    tokio::spawn(App::new().allow_unsigned().serve(here));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = crate::support::message("status-update", "");
    tokio::io::AsyncWriteExt::write_all(&mut stream, &crate::support::request_with("", body.as_bytes())).await.unwrap();
    let mut answer = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn annotated_functions_are_found_without_a_list() {
    // This test program has two tools of one name and several assistant-request handlers, which is how it shows.
    let report = App::discover().into_service().unwrap_err().to_string();
    for part in ["`lookup_too`", "`greet_too`", "behaviour/tools.rs:", "behaviour/deadlines.rs:"] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[tokio::test]
async fn the_test_platform_reports_what_start_up_reports() {
    let error = TestPlatform::new(App::new().tools(tools![lookup])).unwrap_err();
    assert!(error.to_string().contains("Orders"), "{error}");
}
