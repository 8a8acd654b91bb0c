//! `fuzz_tools` finds what is wrong with a tool, and nothing where nothing is.

use hms_webhook::{
    App, ToolError,
    testing::{Finding, FuzzReport, Problem, fuzz_tools},
    tool, tools,
};
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// Book a table.
#[tool]
async fn book_table(
    /// How many people come.
    #[arg(range = 1..=8)]
    people: u8,
    /// The name to book under.
    #[arg(length = 1..=40)]
    name: String,
    /// A code like A-17.
    #[arg(pattern = "^[A-Z]-[0-9]+$")]
    code: Option<String>,
) -> Result<String, ToolError> {
    let code = code.map(|code| code[2..].len());
    Ok(format!("{people} {name} {code:?}"))
}

/// Share something out.
#[tool]
async fn share(
    /// How much there is.
    amount: i64,
    /// Among how many.
    #[arg(range = 0..=1)]
    people: i64,
) -> i64 {
    amount.wrapping_div(people)
}

/// Wait as long as the model says.
#[tool(deadline = "3s")]
async fn wait(
    /// How long, in seconds.
    #[arg(range = 1..=5)]
    seconds: u64,
) -> u64 {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    seconds
}

/// Write something down.
#[tool(background)]
async fn write_down(
    /// What.
    #[arg(example = "a flat tyre")]
    text: String,
) {
    assert_ne!(text, "a flat tyre", "written down already");
}

/// Wait for something that never comes.
#[tool(background)]
async fn wait_for_ever() {
    std::future::pending::<()>().await;
}

/// Count to a number.
#[tool]
fn count(
    /** The number. */
    number: u8,
) {
    assert!(number < 4, "too high");
}

/// Count to a number, later.
#[tool(background)]
fn count_later(
    /** The number. */
    number: u8,
) {
    assert!(number < 4, "too high");
}

/// Print a receipt.
#[tool(background)]
async fn print_receipt(
    /** Its number. */
    number: u8,
) -> Result<(), ToolError> {
    Err(ToolError::internal(format!("no paper for {number}")))
}

/// Refuse something.
#[tool(background)]
async fn refuse(
    /** What. */
    number: u8,
) -> Result<(), ToolError> {
    Err(ToolError::tell(format!("{number} is refused")))
}

/// Take one's time.
#[tool(background, deadline = "300s")]
async fn take_time(
    /** For what. */
    number: u8,
) -> u8 {
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    number
}

/// A value whose type passes off as JSON what is none.
struct Broken;

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const AS_IT_IS: &str = "$serde_json::private::RawValue";
        let mut raw = serializer.serialize_struct(AS_IT_IS, 1)?;
        raw.serialize_field(AS_IT_IS, "{half of an object")?;
        raw.end()
    }
}

/// Say something that nobody can read.
#[tool]
async fn mumble() -> Broken {
    Broken
}

async fn fuzz(app: App) -> FuzzReport {
    fuzz_tools(app, 0..40).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_sound_tool_has_no_findings() {
    let report = fuzz(App::new().tools(tools![book_table])).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.calls(), 80);
    // Valid arguments are taken, most of the hostile ones are not.
    assert!((20..=40).contains(&report.errors()), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_found_and_told_with_its_arguments() {
    let report = fuzz(App::new().tools(tools![share, write_down])).await;
    let share = report.findings().iter().find(|finding| finding.tool == "share").unwrap();
    assert_eq!(share.problem, Problem::Panic("attempt to divide by zero".into()));
    assert_eq!(share.arguments["people"], 0);
    let again = fuzz_tools(App::new().tools(tools![share]), share.seed..share.seed + 1).await.unwrap();
    assert_eq!(again.findings()[0].arguments, share.arguments);
    let note = report.findings().iter().find(|finding| finding.tool == "write_down").unwrap();
    assert!(matches!(&note.problem, Problem::Panic(text) if text.contains("written down already")), "{report}");
    assert!(report.to_string().contains("`share` panicked (attempt to divide by zero) with seed"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_no_object_is_found() {
    let report = fuzz_tools(App::new().tools(tools![mumble]), 0..1).await.unwrap();
    let problems: Vec<_> = report.findings().iter().map(|finding| &finding.problem).collect();
    assert!(!problems.is_empty() && problems.iter().all(|problem| **problem == Problem::NoObject), "{report}");
    assert!(report.to_string().contains("the result of `mumble` was no JSON object with seed 0"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_missed_deadline_is_found() {
    let report = fuzz(App::new().tools(tools![wait, wait_for_ever])).await;
    for tool in ["wait", "wait_for_ever"] {
        let finding = report.findings().iter().find(|finding| finding.tool == tool).unwrap();
        assert_eq!(finding.problem, Problem::Late);
    }
    let late = report.findings().iter().filter(|finding| finding.tool == "wait");
    assert!(late.clone().all(|finding| finding.arguments["seconds"].as_u64() >= Some(3)), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_background_tool_has_the_findings_of_any_other_one() {
    let report = fuzz(App::new().tools(tools![count, count_later])).await;
    let of = |tool| report.findings().iter().filter(move |finding| finding.tool == tool);
    let calls = |tool| of(tool).map(|finding| (finding.seed, &finding.arguments, &finding.problem)).collect::<Vec<_>>();
    assert!(calls("count").len() > 10, "{report}");
    assert_eq!(calls("count_later"), calls("count"));
}

#[tokio::test(start_paused = true)]
async fn a_background_tool_that_fails_is_found_and_one_that_tells_is_not() {
    let report = fuzz(App::new().tools(tools![print_receipt, refuse])).await;
    let is_failure = |finding: &Finding| {
        let Problem::Failed(cause) = &finding.problem else { return false };
        finding.tool == "print_receipt" && *cause == format!("no paper for {}", finding.arguments["number"])
    };
    assert!(report.findings().len() >= 40 && report.findings().iter().all(is_failure), "{report}");
    assert!(report.to_string().contains("`print_receipt` failed (no paper for "), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_hangs_is_no_finding_about_another_one() {
    let report = fuzz(App::new().tools(tools![wait_for_ever, count_later, take_time]).concurrent_events(8)).await;
    let late = report.findings().iter().filter(|finding| finding.problem == Problem::Late);
    assert!(late.clone().count() >= 40 && late.clone().all(|finding| finding.tool == "wait_for_ever"), "{report}");
}
