//! Serves the application until Ctrl-C, then ends in an orderly way.

use in_axum::{Shop, application};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> hms_webhook::Result<()> {
    let secret = std::env::var("HMS_WEBHOOK_SECRET")?;
    let (router, webhook) = application(Shop::demonstration(), &secret)?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let stopping = webhook.clone();
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            // Without a way to be told, it stops at once.
            let _ = tokio::signal::ctrl_c().await;
            stopping.shut_down();
        })
        .await?;
    // Handlers of notifications run on after their acknowledgement.
    webhook.settled().await;
    Ok(())
}
