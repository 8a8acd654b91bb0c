//! What the command line and the environment say.

use std::ffi::OsString;

use clap::Args;

use super::{PushError, apply::Mode, plan::Wanted};
use crate::{
    Profile,
    cli::{environment::Variables, profile::Form},
    rest::{Credential, DEFAULT_API_URL, text::one_line},
    words::nearest,
};

/// The events that a webhook can be sent (PROTOCOL.md §1.2).
const EVENTS: [&str; 4] = ["assistant-request", "tool-calls", "status-update", "end-of-call-report"];

/// The flags of `push`.
#[derive(Debug, Default, Args)]
#[command(after_help = HELP)]
pub(crate) struct PushFlags {
    /// The assistant's id [or HMS_ASSISTANT_ID]
    #[arg(long, value_name = "ID")]
    assistant: Option<String>,
    /// Show the difference and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Apply without asking, as in CI
    #[arg(long, short)]
    yes: bool,
    /// Remove tools that are no longer in this program, if their calls would come here
    #[arg(long)]
    prune: bool,
    /// Set the assistant's webhook URL; tools without a URL of their own in this program then follow it
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Set the events that are sent to the webhook, for example tool-calls,end-of-call-report
    #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// Set the assistant's webhook secret to HMS_WEBHOOK_SECRET (or …_FILE)
    #[arg(long)]
    secret: bool,
    /// The address of the platform's API, if not its public one [or HMS_API_URL]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    #[command(flatten)]
    form: Form,
}

impl PushFlags {
    /// In which form the tools are put on the platform.
    pub(crate) fn profile(&self) -> Profile {
        self.form.profile
    }
}

const HELP: &str = "\
The difference goes to standard output, everything else to standard error.

Environment:
  HMS_API_KEY
      API key (or HMS_API_KEY_FILE, a file that holds it)
  HMS_ASSISTANT_ID
      the assistant, unless --assistant names it
  HMS_API_URL
      address of the API, unless --api-url names it
      [https://api.hmsovereign.com/api/v1]
  HMS_WEBHOOK_SECRET
      what --secret sets (or HMS_WEBHOOK_SECRET_FILE)

Exit codes:
  0  applied, or no difference
  1  an error
  2  --dry-run has found a difference; with --secret, a secret that the
     platform masks counts as one";

/// Everything that a run needs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) api_url: String,
    pub(super) api_key: Credential,
    pub(super) assistant_id: String,
    pub(super) wanted: Wanted,
    pub(super) mode: Mode,
}

impl Settings {
    /// Puts flags and environment together. Everything that is wrong is reported at once.
    pub(super) fn resolve(
        flags: PushFlags,
        lookup: impl Fn(&str) -> Option<OsString>,
        can_ask: bool,
    ) -> Result<Self, PushError> {
        let variables = Variables { lookup };
        let mut problems = Vec::new();
        let mut note = |result: Result<Option<String>, String>| match result {
            Ok(Some(text)) => text,
            Ok(None) => String::new(),
            Err(problem) => {
                problems.push(problem);
                String::new()
            }
        };
        let given = |flag: Option<String>, name: &str, missing: &str| match flag {
            Some(text) => Ok(Some(text)),
            None => variables.text(name).and_then(|text| text.ok_or_else(|| missing.to_owned()).map(Some)),
        };
        let required = |secret: Result<Option<String>, String>, missing: &str| {
            secret.and_then(|secret| secret.ok_or_else(|| missing.to_owned()).map(Some))
        };

        let assistant_id = note(given(
            flags.assistant,
            "HMS_ASSISTANT_ID",
            "no assistant is named: give `--assistant ID` or set HMS_ASSISTANT_ID",
        ));
        let api_url = match flags.api_url {
            Some(url) => url,
            None => match note(variables.text("HMS_API_URL")) {
                url if url.is_empty() => DEFAULT_API_URL.to_owned(),
                url => url,
            },
        };
        let api_key = note(required(
            variables.secret("HMS_API_KEY"),
            "no API key is set: set HMS_API_KEY, or HMS_API_KEY_FILE to a file that holds it",
        ));
        let secret = flags.secret.then(|| {
            note(required(
                variables.secret("HMS_WEBHOOK_SECRET"),
                "`--secret` has nothing to set: set HMS_WEBHOOK_SECRET, or HMS_WEBHOOK_SECRET_FILE to a file that holds it",
            ))
        });
        let webhook_url = flags.webhook_url.map(|url| note(read_webhook_url(&url)));
        let once = |mut events: Vec<String>, event: String| {
            let event = event.trim();
            if !events.iter().any(|one| one == event) {
                events.push(event.to_owned());
            }
            events
        };
        let events = flags.events.map(|events| events.into_iter().fold(Vec::new(), once));
        for event in events.iter().flatten() {
            note(check_event(event));
        }
        let mode = match (flags.dry_run, flags.yes) {
            (true, _) => Mode::DryRun,
            (_, true) => Mode::Apply,
            _ if can_ask => Mode::Ask,
            _ => {
                note(
                    Err("there is no terminal to ask on: give `--yes` to apply without asking, or `--dry-run`".into()),
                );
                Mode::DryRun
            }
        };
        if !problems.is_empty() {
            return Err(PushError::Settings(problems));
        }
        let secret = secret.map(Credential::new);
        let wanted = Wanted { webhook_url, events, secret, prune: flags.prune };
        Ok(Self { api_url, api_key: Credential::new(api_key), assistant_id, wanted, mode })
    }
}

/// The URL without the blanks and line breaks that its reader passes over and a caller may not.
fn read_webhook_url(url: &str) -> Result<Option<String>, String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "https" | "http") && parsed.fragment().is_none() => {
            Ok(Some(parsed.into()))
        }
        _ => Err("`--webhook-url` is no URL that the platform could call: write one like https://hooks.example.com/webhooks/hms-sovereign".into()),
    }
}

fn check_event(event: &str) -> Result<Option<String>, String> {
    if EVENTS.contains(&event) {
        return Ok(None);
    }
    let meant = nearest(event, EVENTS).map_or_else(|| ".".into(), |name| format!(", did you mean `{name}`?"));
    Err(format!(
        "`--events` names `{}`, which is no event{meant} The events are {}",
        one_line(event, 40),
        EVENTS.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        flags: PushFlags,
    }

    fn resolve(arguments: &[&str], variables: &[(&str, &str)], can_ask: bool) -> Result<Settings, String> {
        let flags =
            CommandLine::try_parse_from([&["push"], arguments].concat()).map_err(|error| error.to_string())?.flags;
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Settings::resolve(flags, lookup, can_ask).map_err(|error| error.to_string())
    }

    const KEY: (&str, &str) = ("HMS_API_KEY", "fl_live_hush");

    #[test]
    fn flags_win_over_the_environment() {
        let environment = [KEY, ("HMS_ASSISTANT_ID", "a-1"), ("HMS_API_URL", "https://one.example.com")];
        let settings = resolve(&["--yes"], &environment, false).unwrap();
        assert_eq!((&*settings.assistant_id, &*settings.api_url), ("a-1", "https://one.example.com"));
        assert_eq!(settings.mode, Mode::Apply);
        let flags = ["--assistant", "a-2", "--api-url", "https://two.example.com", "--dry-run"];
        let settings = resolve(&flags, &environment, true).unwrap();
        assert_eq!((&*settings.assistant_id, &*settings.api_url), ("a-2", "https://two.example.com"));
        assert_eq!(settings.mode, Mode::DryRun);
        let settings =
            resolve(&["--assistant", "a-1", "--events", "tool-calls, status-update,tool-calls"], &[KEY], true).unwrap();
        assert_eq!((settings.mode, &*settings.api_url), (Mode::Ask, DEFAULT_API_URL));
        assert_eq!(settings.wanted.events.as_deref().unwrap(), ["tool-calls", "status-update"]);
        assert!(!format!("{settings:?}").contains("hush"));
    }

    #[test]
    fn the_webhook_url_is_set_as_it_is_read() {
        let settings = |url| resolve(&["--yes", "--assistant", "a-1", "--webhook-url", url], &[KEY], true);
        let set = settings(" https://New.example.com/x\n").unwrap().wanted.webhook_url;
        assert_eq!(set.as_deref(), Some("https://new.example.com/x"));
        for wrong in ["https://new.example.com/x#part", "ftp://new.example.com", ""] {
            assert!(settings(wrong).unwrap_err().starts_with("`--webhook-url` is no URL"), "{wrong}");
        }
    }

    #[test]
    fn everything_that_is_missing_or_wrong_is_said_on_one_line() {
        let problem =
            resolve(&["--secret", "--webhook-url", "hooks", "--events", "tool-call"], &[], false).unwrap_err();
        for part in
            ["--assistant", "HMS_API_KEY", "HMS_WEBHOOK_SECRET", "--webhook-url", "did you mean `tool-calls`?", "--yes"]
        {
            assert!(problem.contains(part), "{part} in {problem}");
        }
        assert!(!problem.contains('\n'));
        assert!(resolve(&["--yes", "--dry-run"], &[KEY], true).unwrap_err().contains("cannot be used with"));
    }
}
