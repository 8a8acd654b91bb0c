//! rmcp: another framework whose macro makes tools of functions. Its protocol is another one (JSON-RPC, no
//! signature), so its figures say what the comfort costs there, no more.

use std::net::Ipv4Addr;

use rmcp::{
    Json, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{ServerCapabilities, ServerConfig},
    schemars, tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize, schemars::JsonSchema)]
struct LookupOrder {
    order_id: String,
}

#[derive(Serialize, schemars::JsonSchema)]
struct OrderStatus {
    order_id: String,
    status: String,
    eta_days: u32,
}

#[derive(Clone)]
struct Orders {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Orders {
    #[tool(description = "Look up an order")]
    async fn lookup_order(&self, Parameters(arguments): Parameters<LookupOrder>) -> Json<OrderStatus> {
        Json(OrderStatus { order_id: arguments.order_id, status: "shipped".into(), eta_days: 2 })
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Orders {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

fn main() {
    by_hand::runtime().block_on(async {
        // Made once and cloned, which is how its authors mean it.
        let orders = Orders { tool_router: Orders::tool_router() };
        let service: StreamableHttpService<Orders, LocalSessionManager> = StreamableHttpService::new(
            move || Ok(orders.clone()),
            Default::default(),
            StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true),
        );
        let router = axum::Router::new().nest_service("/webhook", service);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, by_hand::port())).await.expect("a free port");
        axum::serve(listener, router).await.expect("it serves");
    });
}
