//! actix-web, by hand. It has a header map of its own, so the headers that are looked at are copied.

use std::net::Ipv4Addr;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{StatusCode, header::ContentType},
    web,
};
use by_hand::{LONGEST_BODY, Verifier, answer};
use http::{HeaderMap, HeaderName, HeaderValue};

async fn webhook(verifier: web::Data<Verifier>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut headers = HeaderMap::with_capacity(2);
    for name in ["x-webhook-timestamp", "x-webhook-signature"] {
        if let Some(value) = request.headers().get(name).and_then(|it| HeaderValue::from_bytes(it.as_bytes()).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    match answer(&verifier, &headers, &body).await {
        Ok(json) => HttpResponse::Ok().content_type(ContentType::json()).body(json),
        Err(status) => HttpResponse::build(StatusCode::from_u16(status.as_u16()).expect("a status")).finish(),
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let verifier = web::Data::new(Verifier::new(&by_hand::secret()));
    let app = move || {
        App::new()
            .app_data(verifier.clone())
            .app_data(web::PayloadConfig::new(LONGEST_BODY))
            .route("/webhook", web::post().to(webhook))
    };
    let (server, address) = (HttpServer::new(app).workers(by_hand::threads()), (Ipv4Addr::LOCALHOST, by_hand::port()));
    let server = if by_hand::speaks_http2() { server.bind_auto_h2c(address)? } else { server.bind(address)? };
    server.run().await
}
