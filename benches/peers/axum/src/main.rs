//! axum, by hand: `STYLE=tuned` shares the careful work of the floors, `STYLE=typical` is what is written in a hurry.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Json, Response},
    routing::post,
    serve::ListenerExt,
};
use by_hand::{LONGEST_BODY, Verifier, answer, typical};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;

async fn tuned(State(verifier): State<Arc<Verifier>>, headers: HeaderMap, body: Bytes) -> Response {
    match answer(&verifier, &headers, &body).await {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(status) => status.into_response(),
    }
}

async fn typically(
    State(secret): State<Arc<Vec<u8>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, StatusCode> {
    Ok(Json(typical::answer(&secret, &headers, &body).await?).into_response())
}

fn main() {
    by_hand::allocations::report();
    let secret = by_hand::secret();
    let router = match std::env::var("STYLE").as_deref() {
        Ok("typical") => Router::new().route("/webhook", post(typically)).with_state(Arc::new(secret)),
        _ => Router::new().route("/webhook", post(tuned)).with_state(Arc::new(Verifier::new(&secret))),
    };
    let router = router.layer(DefaultBodyLimit::max(LONGEST_BODY));
    by_hand::runtime().block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, by_hand::port())).await.expect("a free port");
        if by_hand::speaks_http2() {
            return serve_http2(listener, router).await;
        }
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await.expect("it serves");
    });
}

/// What `axum::serve` does with its feature `http2`, which would have HTTP/1 look for HTTP/2 first as well.
async fn serve_http2(listener: TcpListener, router: Router) {
    let builder = http2::Builder::new(TokioExecutor::new());
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone())));
    }
}
