//! Any bytes into the service, through HTTP/1 and HTTP/2 over a stream in memory: never a panic, never a 5xx, and the
//! connection ends.

#![no_main]

use std::{cell::RefCell, time::Duration};

use hms_webhook::{App, WebhookService, tool, tools};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use libfuzzer_sys::fuzz_target;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
};

/// Say the number again.
#[tool]
async fn echo(
    /** A number. */
    number: i64,
) -> i64 {
    number
}

thread_local! {
    static SERVER: RefCell<(Runtime, WebhookService)> = RefCell::new((
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
        // Unsigned ones too: a fuzzer makes no HMACs, and what is behind them is to be reached.
        App::new().tools(tools![echo]).allow_unsigned().into_service().expect("an app"),
    ));
}

fuzz_target!(|bytes: &[u8]| {
    SERVER.with_borrow(|(runtime, service)| {
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            let connection = tokio::spawn({
                let service = TowerToHyperService::new(service.clone());
                async move {
                    let builder = Builder::new(TokioExecutor::new());
                    // What a peer does wrong is an error here.
                    let _ = builder.serve_connection(TokioIo::new(server), service).await;
                }
            });
            if client.write_all(bytes).await.is_ok() {
                let _ = client.shutdown().await;
            }
            let mut answer = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(60), client.read_to_end(&mut answer)).await;
            assert!(read.is_ok(), "the connection does not end");
            connection.await.expect("the connection does not panic");
            // The service answers 408, 413 and the like; a server error would be a bug. (HTTP/2 frames are not text.)
            for line in answer.split(|byte| *byte == b'\n') {
                assert!(!line.starts_with(b"HTTP/1.1 5") && !line.starts_with(b"HTTP/1.0 5"), "a server error");
            }
        });
    });
});
