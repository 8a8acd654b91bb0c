//! What `--help` says at its end: the variables that this program reads, with the features that it has, and exit codes.

use std::fmt::Write as _;

/// Each variable, whether this program was built with what reads it, and what it says.
const VARIABLES: &[(&str, bool, &str)] = &[
    ("HMS_WEBHOOK_SECRET", true, "webhook secret (or HMS_WEBHOOK_SECRET_FILE, a file that holds it)"),
    ("HMS_WEBHOOK_SECRET_PREVIOUS", true, "a second secret that is accepted too (or …_FILE)"),
    ("HMS_WEBHOOK_LISTEN", true, "address, or unix:PATH [127.0.0.1:8080; with PORT set, 0.0.0.0:$PORT]"),
    ("HMS_WEBHOOK_PATH", true, "path of the webhook [/webhooks/hms-sovereign]"),
    ("HMS_WEBHOOK_TRUSTED_PROXIES", true, "networks whose Forwarded or X-Forwarded-For is believed [none]"),
    ("HMS_WEBHOOK_PROXY_PROTOCOL", true, "networks whose connections begin with a PROXY header [none]"),
    ("HMS_WEBHOOK_ALLOWED_NETWORKS", true, "the only networks that may send [all]"),
    ("HMS_WEBHOOK_TLS_CERTIFICATE", cfg!(feature = "tls"), "certificate chain to speak TLS with, as PEM, and"),
    ("HMS_WEBHOOK_TLS_KEY", cfg!(feature = "tls"), "its key"),
    ("HMS_WEBHOOK_STOP_PAUSE", true, "seconds for which a stopping server still accepts connections [0]"),
    ("HMS_WEBHOOK_STORE", true, STORES),
    ("HMS_WEBHOOK_METRICS", cfg!(feature = "prometheus"), "address at which metrics are served to Prometheus [none]"),
    (
        "HMS_WEBHOOK_CONSOLE_TOKEN",
        cfg!(feature = "console"),
        "with --dev: the token in the console's address [a new one at each start]",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", cfg!(feature = "opentelemetry"), "collector that spans are sent to [none], or"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", cfg!(feature = "opentelemetry"), "the same with its path"),
    ("OTEL_SERVICE_NAME", cfg!(feature = "opentelemetry"), "what they are said to come from [the program's name]"),
    (
        "OTEL_SDK_DISABLED",
        cfg!(feature = "opentelemetry"),
        "true sends none; OpenTelemetry's other variables hold too [false]",
    ),
    ("HMS_WEBHOOK_LOG_FORMAT", true, "human, json, or auto: human on a terminal, JSON lines otherwise [auto]"),
    ("RUST_LOG", true, "what is logged [info; other commands than serve: warn]"),
];

/// What `HMS_WEBHOOK_STORE` says.
const STORES: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "nats")) {
    (true, true) => "where events are kept: sqlite:PATH, nats://…, memory [a file of its own]",
    (true, false) => "where events are kept: sqlite:PATH, or memory [a file of its own]",
    (false, true) => "where events are kept: nats://HOST:PORT, or memory [memory]",
    (false, false) => "where events are kept: memory [memory]",
};

/// The end of the help of the program as a whole, which serves where no command is named.
pub(super) fn program() -> String {
    format!("{}\n\nEach command's own help lists its exit codes.", server())
}

/// The end of the help of `serve`.
pub(super) fn server() -> String {
    format!("{}\n\n{EXIT_CODES}", environment())
}

const EXIT_CODES: &str = "\
Exit codes:
  0  stopped in an orderly way
  1  it could not start, or was stopped at once by a second signal";

/// The variables as a section of a help.
fn environment() -> String {
    let variables = || VARIABLES.iter().filter(|(_, is_read, _)| *is_read);
    let mut text = String::from("Environment:");
    for (name, _, says) in variables() {
        let _ = write!(text, "\n  {name}\n      {says}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_program_reads_is_named() {
        let text = environment();
        for (part, is_read) in [
            ("HMS_WEBHOOK_SECRET_PREVIOUS\n", true),
            ("RUST_LOG", true),
            ("sqlite:PATH", cfg!(feature = "sqlite")),
            ("nats://", cfg!(feature = "nats")),
            ("HMS_WEBHOOK_TLS_KEY", cfg!(feature = "tls")),
            ("HMS_WEBHOOK_METRICS", cfg!(feature = "prometheus")),
            ("HMS_WEBHOOK_CONSOLE_TOKEN", cfg!(feature = "console")),
            ("OTEL_", cfg!(feature = "opentelemetry")),
        ] {
            assert_eq!(text.contains(part), is_read, "{part} in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
