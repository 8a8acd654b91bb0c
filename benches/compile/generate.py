"""`generate.py FOLDER`: writes crates with 1, 10, 100 and 500 tools of three arguments each, whose build times are compared.

  ours-N         `#[tool]` of hms-webhook
  by-hand-N      axum, a typed handler for each tool and a match by name
  with-schema-N  the same with the JSON Schema that the model needs
  rmcp-N         `#[tool]` of rmcp
"""

import sys
from pathlib import Path

COUNTS = (1, 10, 100, 500)
ROOT = Path(__file__).resolve().parents[2]

MANIFEST = """[package]
name = "{name}"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
serde = {{ version = "1", features = ["derive"] }}
tokio = {{ version = "1", features = ["rt", "rt-multi-thread", "net", "time", "macros"] }}
{dependencies}
[workspace]
"""
AXUM = """axum = "0.8"
hex = "0.4"
hmac = "0.13"
serde_json = { version = "1", features = ["raw_value"] }
sha2 = "0.11"
"""
SCHEMARS = 'schemars = "1"\n'
RMCP = 'axum = "0.8"\nrmcp = { version = "3", features = ["transport-streamable-http-server"] }\n'
OURS = f'hms-webhook = {{ path = "{ROOT}/hms-webhook" }}\n'


def arguments(count, derives):
    one = """
/// Arguments of tool {i}.
#[derive({derives})]
pub struct Arguments{i} {{
    /// The order to look at.
    pub order_id: String,
    /// How many lines.
    pub limit: Option<u32>,
    /// Only these states.
    #[serde(default)]
    pub states: Vec<String>,
}}
"""
    return "".join(one.format(i=i, derives=derives) for i in range(count))


def output(derives):
    return f"""
#[derive({derives})]
pub struct Order {{
    pub order_id: String,
    pub status: String,
    pub eta_days: u32,
}}
"""


def ours(count):
    one = """
/// Tool {i}.
#[tool]
async fn tool_{i}(
    /// The order to look at.
    order_id: String,
    /// How many lines.
    limit: Option<u32>,
    /// Only these states.
    #[arg(default)]
    states: Vec<String>,
) -> Result<Order, ToolError> {{
    Ok(Order {{ order_id, status: format!("tool {i} {{}}", states.len()), eta_days: limit.unwrap_or({i}) }})
}}
"""
    tools = "".join(one.format(i=i) for i in range(count))
    return f"""use hms_webhook::{{ToolError, tool}};
use serde::Serialize;
{output("Serialize")}{tools}
#[tokio::main]
async fn main() -> hms_webhook::Result<()> {{
    hms_webhook::run().await
}}
"""


def by_hand(count, schema):
    one = """
async fn tool_{i}(a: Arguments{i}) -> Result<Order, String> {{
    Ok(Order {{ order_id: a.order_id, status: format!("tool {i} {{}}", a.states.len()), eta_days: a.limit.unwrap_or({i}) }})
}}
"""
    tools = "".join(one.format(i=i) for i in range(count))
    arms = "".join(f'        "tool_{i}" => run(json, tool_{i}).await,\n' for i in range(count))
    schemas, route = "", ""
    if schema:
        each = "".join(f"        schemars::schema_for!(Arguments{i}),\n" for i in range(count))
        schemas = f"async fn schemas() -> Json<Vec<schemars::Schema>> {{\n    Json(vec![\n{each}    ])\n}}\n"
        route = '.route("/schemas", axum::routing::get(schemas))'
    derives = "Deserialize, schemars::JsonSchema" if schema else "Deserialize"
    return f"""use std::{{sync::Arc, time::{{Duration, SystemTime, UNIX_EPOCH}}}};

use axum::{{Router, body::Bytes, extract::State, http::{{HeaderMap, StatusCode}}, response::Json, routing::post}};
use hmac::{{Hmac, KeyInit, Mac}};
use serde::{{Deserialize, Serialize, de::DeserializeOwned}};
use serde_json::{{Value, json, value::RawValue}};
use sha2::Sha256;
{arguments(count, derives)}{output("Serialize")}{tools}
async fn run<A: DeserializeOwned, F: Future<Output = Result<Order, String>>>(
    json: &RawValue,
    tool: impl FnOnce(A) -> F,
) -> Result<Value, String> {{
    let arguments = serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
    let order = tokio::time::timeout(Duration::from_secs(9), tool(arguments)).await.map_err(|_| "too late")??;
    serde_json::to_value(order).map_err(|error| error.to_string())
}}

async fn dispatch(name: &str, json: &RawValue) -> Result<Value, String> {{
    match name {{
{arms}        _ => Err("there is no such tool".into()),
    }}
}}

#[derive(Deserialize)]
struct Envelope {{
    message: Message,
}}

#[derive(Deserialize)]
struct Message {{
    tool_call_list: Vec<ToolCall>,
}}

#[derive(Deserialize)]
struct ToolCall {{
    id: String,
    function: Function,
}}

#[derive(Deserialize)]
struct Function {{
    name: String,
    arguments: Box<RawValue>,
}}

async fn webhook(State(key): State<Arc<Vec<u8>>>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, StatusCode> {{
    const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(REFUSED);
    let timestamp = text("x-webhook-timestamp")?;
    let sent: u64 = timestamp.parse().map_err(|_| REFUSED)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| REFUSED)?.as_secs();
    let mut tag = [0; 32];
    let digits = text("x-webhook-signature")?.strip_prefix("sha256=").ok_or(REFUSED)?;
    hex::decode_to_slice(digits, &mut tag).map_err(|_| REFUSED)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| REFUSED)?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&body);
    mac.verify_slice(&tag).map_err(|_| REFUSED)?;
    if now.abs_diff(sent) > 300 {{
        return Err(REFUSED);
    }}
    let envelope: Envelope = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut results = Vec::new();
    for call in envelope.message.tool_call_list {{
        results.push(match dispatch(&call.function.name, &call.function.arguments).await {{
            Ok(result) => json!({{"tool_call_id": call.id, "result": result}}),
            Err(error) => json!({{"tool_call_id": call.id, "error": error}}),
        }});
    }}
    Ok(Json(json!({{"results": results}})))
}}

{schemas}
#[tokio::main]
async fn main() {{
    let key = std::env::var("WEBHOOK_SECRET").unwrap_or_default().into_bytes();
    let router = Router::new().route("/webhook", post(webhook)){route}.with_state(Arc::new(key));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await.expect("a free port");
    axum::serve(listener, router).await.expect("it serves");
}}
"""


def rmcp(count):
    one = """
    /// Tool {i}.
    #[tool]
    async fn tool_{i}(&self, Parameters(a): Parameters<Arguments{i}>) -> Result<Json<Order>, String> {{
        Ok(Json(Order {{ order_id: a.order_id, status: format!("tool {i} {{}}", a.states.len()), eta_days: a.limit.unwrap_or({i}) }}))
    }}
"""
    tools = "".join(one.format(i=i) for i in range(count))
    return f"""use rmcp::{{
    Json, ServerHandler,
    handler::server::{{router::tool::ToolRouter, wrapper::Parameters}},
    model::{{ServerCapabilities, ServerConfig}},
    schemars, tool, tool_handler, tool_router,
    transport::streamable_http_server::{{StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager}},
}};
use serde::{{Deserialize, Serialize}};
{arguments(count, "Deserialize, schemars::JsonSchema")}{output("Serialize, schemars::JsonSchema")}
#[derive(Clone)]
struct Tools {{
    tool_router: ToolRouter<Self>,
}}

#[tool_router]
impl Tools {{
{tools}}}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Tools {{
    fn get_info(&self) -> ServerConfig {{
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }}
}}

#[tokio::main]
async fn main() {{
    let tools = Tools {{ tool_router: Tools::tool_router() }};
    let service: StreamableHttpService<Tools, LocalSessionManager> = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Default::default(),
        StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await.expect("a free port");
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await.expect("it serves");
}}
"""


def main(folder):
    for count in COUNTS:
        for kind, dependencies, source in (
            ("ours", OURS, ours(count)),
            ("by-hand", AXUM, by_hand(count, False)),
            ("with-schema", AXUM + SCHEMARS, by_hand(count, True)),
            ("rmcp", RMCP, rmcp(count)),
        ):
            name = f"{kind}-{count}"
            (folder / name / "src").mkdir(parents=True, exist_ok=True)
            (folder / name / "Cargo.toml").write_text(MANIFEST.format(name=name, dependencies=dependencies))
            (folder / name / "src/main.rs").write_text(source)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
