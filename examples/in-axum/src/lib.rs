//! A small shop's web application, to which the webhook of its voice agent is added.
//!
//! The page and the tool share one `Shop`: each holds a clone of the same `Arc`.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use hms_webhook::{App, StartupError, ToolError, WebhookService, tool, tools};
use serde::Serialize;

/// What the shop knows; cheap to clone.
#[derive(Clone)]
pub struct Shop(Arc<HashMap<String, Order>>);

/// An order, as the web page and the voice agent see it.
#[derive(Clone, Serialize)]
pub struct Order {
    order_id: String,
    status: String,
}

impl Shop {
    /// A shop with one order.
    pub fn demonstration() -> Self {
        let order = Order { order_id: "A-1042".into(), status: "shipped".into() };
        Self(Arc::new(HashMap::from([(order.order_id.clone(), order)])))
    }
}

/// Look up an order by the number that the caller gives.
#[tool]
async fn lookup_order(
    /// The order number, for example A-1042.
    order_id: String,
    shop: &Shop,
) -> Result<Order, ToolError> {
    shop.0.get(&order_id).cloned().ok_or_else(|| ToolError::tell("there is no order with that number"))
}

/// The same order for a browser.
async fn order_page(State(shop): State<Shop>, Path(order_id): Path<String>) -> Result<Json<Order>, StatusCode> {
    shop.0.get(&order_id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// A layer of the application: it sees the webhook's answers as it sees all others.
async fn name_the_shop(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-shop", HeaderValue::from_static("garage-noord"));
    response
}

/// The application, and its webhook once more for the orderly end: see `main`.
///
/// # Errors
/// When the webhook's part cannot start.
pub fn application(shop: Shop, secret: &str) -> Result<(Router, WebhookService), StartupError> {
    let webhook = App::new().tools(tools![lookup_order]).state(shop.clone()).secret(secret).into_service()?;
    let router = Router::new()
        .route("/orders/{order_id}", get(order_page))
        .with_state(shop)
        // A route, not `nest_service`: that one would hide the beginning of the path, and the service knows its own.
        .route_service(webhook.path(), webhook.clone())
        .layer(middleware::from_fn(name_the_shop));
    Ok((router, webhook))
}
