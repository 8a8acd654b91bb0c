//! The bare floor: the whole work by hand, and no promise beyond it.

use std::sync::Arc;

use by_hand::{Verifier, answer, read_body};
use floor::{TimeOuts, is_for_us, respond, serve};
use http::{Request, StatusCode};
use hyper::body::Incoming;

fn main() {
    let verifier = Arc::new(Verifier::new(&by_hand::secret()));
    serve(TimeOuts::None, move |request| {
        let verifier = verifier.clone();
        async move { respond(handle(&verifier, request).await) }
    });
}

async fn handle(verifier: &Verifier, request: Request<Incoming>) -> Result<Vec<u8>, StatusCode> {
    if !is_for_us(&request) {
        return Err(StatusCode::NOT_FOUND);
    }
    let (head, body) = request.into_parts();
    answer(verifier, &head.headers, &read_body(body).await?).await
}
