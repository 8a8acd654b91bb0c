//! Serves the metrics to Prometheus, at an address of their own.

use std::{net::SocketAddr, time::Duration};

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::WebhookService;

/// How often the store is asked what it holds.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Bounds of the histograms: all of them are shares of a deadline.
const SHARES: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999];

/// Listens on `address` and records from now on. Needs tokio's runtime.
///
/// # Errors
/// What is wrong with the address, or that the program records its metrics elsewhere already.
pub(super) fn install(address: &str) -> Result<(), String> {
    let socket: SocketAddr = address.parse().map_err(|_| {
        format!("metrics cannot be served at `{address}`: set HMS_WEBHOOK_METRICS to an IP address and a port, such as 127.0.0.1:9090")
    })?;
    let (recorder, serving) = PrometheusBuilder::new()
        .with_http_listener(socket)
        .set_buckets(&SHARES)
        .and_then(PrometheusBuilder::build)
        .map_err(|error| {
            format!("metrics cannot be served at `{address}`: {error}; choose a free address of this machine")
        })?;
    metrics::set_global_recorder(recorder).map_err(|_| {
        "the program has installed a recorder of metrics already: leave HMS_WEBHOOK_METRICS out, or do not install one"
            .to_owned()
    })?;
    tokio::spawn(async move {
        if serving.await.is_err() {
            tracing::error!("metrics are not served any more");
        }
    });
    tracing::info!("metrics are served at http://{socket}/metrics");
    Ok(())
}

/// Records what waits in the store, for as long as the program runs.
pub(super) fn watch_store(service: WebhookService) {
    tokio::spawn(async move {
        loop {
            service.record_queue().await;
            tokio::time::sleep(ASK_EVERY).await;
        }
    });
}
