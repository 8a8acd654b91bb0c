//! The flags of `serve --record`.

use std::path::PathBuf;

use clap::Args;
use tracing::info;

use super::environment::Variables;
use crate::{
    App,
    record::Recorder,
    redact::{Redactor, Secrets},
    secrets::SecretSource,
};

#[derive(Debug, Default, Args)]
pub(super) struct RecordingFlags {
    /// Keep each delivery and its answer as a file in this folder, without phone numbers, names and secrets
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// With --record: take out the texts of this field too, for example of an argument in which anything may be said
    #[arg(long, value_name = "FIELD", requires = "record")]
    redact: Vec<String>,
}

/// Variables that hold a secret, or name a file that does.
const SECRETS: [&str; 4] =
    ["HMS_WEBHOOK_SECRET", "HMS_WEBHOOK_SECRET_PREVIOUS", "HMS_API_KEY", "HMS_WEBHOOK_CONSOLE_TOKEN"];

/// Lets `app` record what `flags` ask for. What keeps it from that is noted among the app's problems.
pub(super) fn begin(app: &mut App, flags: RecordingFlags) -> Option<Recorder> {
    let folder = flags.record?;
    let redactor = Redactor::new(secrets(app), &flags.redact);
    let shown = folder.display().to_string();
    match Recorder::start(folder, redactor) {
        Ok(recorder) => {
            info!("deliveries are recorded in {shown}");
            app.settings.recorder = Some(recorder.clone());
            Some(recorder)
        }
        Err(problem) => {
            app.problems.push(problem);
            None
        }
    }
}

/// Those of `app` and of its environment.
pub(crate) fn secrets(app: &App) -> Secrets {
    let variables = Variables { lookup: |name: &str| std::env::var_os(name) };
    let text = |name: &str| variables.text(name).ok().flatten();
    let values = SECRETS.iter().filter_map(|name| text(name)).collect();
    let files = SECRETS.iter().filter_map(|name| text(&format!("{name}_FILE")).map(PathBuf::from));
    let (mut files, mut keyed) = (files.collect::<Vec<_>>(), Vec::new());
    for setting in &app.settings.secrets {
        match &setting.source {
            SecretSource::Text(secret) => keyed.push(secret.clone()),
            SecretSource::File(file) => files.push(file.clone()),
        }
    }
    Secrets::new(values, files, keyed)
}
