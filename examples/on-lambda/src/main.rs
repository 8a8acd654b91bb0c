//! The webhook as an AWS Lambda function. Give it a function URL, and the platform that URL with the path of the webhook.

use hms_webhook::{App, EndOfCallReport, end_of_call_report, tool};
use lambda_http::{Request, service_fn};
use tower::Service;

/// Say until when the shop is open on a day of the week.
#[tool]
async fn closing_time(
    /** The day in English, for example "Friday". */
    day: String,
) -> String {
    if day.eq_ignore_ascii_case("sunday") { "closed all day".into() } else { "six in the evening".into() }
}

#[end_of_call_report]
async fn file_report(report: EndOfCallReport) {
    println!("the call lasted {} s", report.duration_seconds.unwrap_or_default());
}

#[tokio::main(flavor = "current_thread")] // one request at a time: that is how Lambda calls
async fn main() -> Result<(), lambda_http::Error> {
    let secret = std::env::var("HMS_WEBHOOK_SECRET")?;
    let webhook = App::discover().secret(secret).into_service()?;
    lambda_http::run(service_fn(|request: Request| {
        let mut webhook = webhook.clone();
        async move {
            let answer = webhook.call(request).await;
            // Lambda freezes the process once it has the answer, so what still runs is waited for.
            webhook.settled().await;
            answer
        }
    }))
    .await
}
