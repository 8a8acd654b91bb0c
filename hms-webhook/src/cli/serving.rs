//! What the environment says of the server itself.

use std::{ffi::OsString, time::Duration};

use super::environment::Variables;
use crate::App;

/// Settings of the server; what is not set stays as the app has it.
#[derive(Debug, Default)]
pub(super) struct ServingVariables {
    trusted_proxies: Option<String>,
    proxy_protocol: Option<String>,
    allowed_networks: Option<String>,
    stop_pause: Option<Duration>,
    tls: Option<(String, String)>,
}

impl ServingVariables {
    pub(super) fn read<F: Fn(&str) -> Option<OsString>>(variables: &Variables<F>, problems: &mut Vec<String>) -> Self {
        let mut text = |name| {
            variables.text(name).unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let trusted_proxies = text("HMS_WEBHOOK_TRUSTED_PROXIES");
        let proxy_protocol = text("HMS_WEBHOOK_PROXY_PROTOCOL");
        let allowed_networks = text("HMS_WEBHOOK_ALLOWED_NETWORKS");
        let pause = text("HMS_WEBHOOK_STOP_PAUSE");
        let (certificate, key) = (text("HMS_WEBHOOK_TLS_CERTIFICATE"), text("HMS_WEBHOOK_TLS_KEY"));
        let stop_pause = pause.and_then(|pause| match pause.parse().map(Duration::try_from_secs_f64) {
            Ok(Ok(pause)) => Some(pause),
            _ => {
                problems.push(format!("HMS_WEBHOOK_STOP_PAUSE is `{pause}`: set it to a number of seconds, such as 5"));
                None
            }
        });
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                problems.push(
                    "of HMS_WEBHOOK_TLS_CERTIFICATE and HMS_WEBHOOK_TLS_KEY only one is set: set both, or none".into(),
                );
                None
            }
        };
        Self { trusted_proxies, proxy_protocol, allowed_networks, stop_pause, tls }
    }

    /// Changes what is set.
    pub(super) fn apply(self, mut app: App) -> App {
        let networks = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        if let Some(text) = self.trusted_proxies {
            app = app.trusted_proxies(networks(&text));
        }
        if let Some(text) = self.proxy_protocol {
            app = app.proxy_protocol(networks(&text));
        }
        if let Some(text) = self.allowed_networks {
            app = app.allowed_networks(networks(&text));
        }
        if let Some(pause) = self.stop_pause {
            app = app.stop_pause(pause);
        }
        match self.tls {
            #[cfg(feature = "tls")]
            Some((certificate, key)) => app.tls(certificate, key),
            #[cfg(not(feature = "tls"))]
            Some(_) => {
                app.problems.push(
                    "HMS_WEBHOOK_TLS_CERTIFICATE is set, but this program was built without TLS: build it with the \
                     feature `tls` of hms-webhook"
                        .into(),
                );
                app
            }
            None => app,
        }
    }
}
