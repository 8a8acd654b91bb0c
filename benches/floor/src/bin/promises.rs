//! The floor that keeps the framework's promises: time-outs for head and body, a task for each call, so that a panic
//! or a blocked thread harms no other, and a deadline for all of them.

use std::{sync::Arc, time::Duration};

use by_hand::{DEADLINE, OrderStatus, Reply, ToolResult, Verifier, arguments, lookup_order, read_body, tool_calls};
use floor::{TimeOuts, is_for_us, respond, serve};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

fn main() {
    let verifier = Arc::new(Verifier::new(&by_hand::secret()));
    serve(TimeOuts::Kept, move |request| {
        let verifier = verifier.clone();
        async move { respond(handle(&verifier, request).await) }
    });
}

async fn handle(verifier: &Verifier, request: Request<Incoming>) -> Result<Vec<u8>, StatusCode> {
    if !is_for_us(&request) {
        return Err(StatusCode::NOT_FOUND);
    }
    let deadline = Instant::now() + DEADLINE;
    let (head, body) = request.into_parts();
    let body = timeout(Duration::from_secs(10), read_body(body)).await.map_err(|_| StatusCode::REQUEST_TIMEOUT)??;
    verifier.verify(&head.headers, &body)?;
    let calls = tool_calls(&body).ok_or(StatusCode::BAD_REQUEST)?;
    let started: Vec<_> = calls.iter().map(|call| start(&call.function.name, call.function.arguments)).collect();
    let mut results = Vec::with_capacity(calls.len());
    for (call, started) in calls.iter().zip(started) {
        let outcome = match started {
            Ok(task) => match timeout_at(deadline, task).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err("the tool failed".into()),
                Err(_) => Err("the tool took too long".into()),
            },
            Err(error) => Err(error),
        };
        results.push(ToolResult::new(&call.id, outcome));
    }
    Ok(by_hand::write(&Reply { results }))
}

type Task = JoinHandle<Result<OrderStatus, String>>;

fn start(name: &str, json: &serde_json::value::RawValue) -> Result<Task, String> {
    match name {
        "lookup_order" => {
            let arguments = arguments(json).ok_or("bad arguments")?;
            // A tool that is given up is one that failed.
            Ok(tokio::spawn(async {
                let outcome = timeout(DEADLINE, lookup_order(arguments)).await;
                outcome.unwrap_or_else(|_| Err("the tool took too long".into()))
            }))
        }
        other => Err(format!("there is no tool {other}")),
    }
}
