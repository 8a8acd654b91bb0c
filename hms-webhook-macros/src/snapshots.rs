//! What each form of a macro expands to, kept as files so that a diff shows what users' code will get.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p hms-webhook-macros` writes them anew.

use std::{env, fs, path::Path};

use proc_macro2::TokenStream;
use quote::quote;

use crate::{model::Event, pipeline};

/// What a tool with three arguments adds to a program, as many lines: each is compiled once per tool.
#[test]
fn a_tool_expands_to_few_lines() {
    const BUDGET: usize = 63;
    let function = quote! {
        /// Look up an order.
        async fn lookup(
            /// The order to look at.
            order_id: String,
            /// How many lines.
            limit: Option<u32>,
            /// Only these states.
            #[arg(default)]
            states: Vec<String>,
        ) -> Result<Order, ToolError> {
            find(order_id, limit, states).await
        }
    };
    let mut generated: syn::File = syn::parse2(pipeline::tool(quote!(), function)).expect("a list of items");
    let function = generated.items.remove(0);
    assert!(matches!(function, syn::Item::Fn(_)), "the user's function comes first");
    let lines = prettyplease::unparse(&generated).lines().count();
    assert!(lines <= BUDGET, "{lines} lines for a tool; {BUDGET} are allowed");
}

#[track_caller]
fn check(name: &str, expansion: TokenStream) {
    let file = syn::parse2(expansion).expect("the expansion is a list of items");
    let expansion = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, expansion).expect("the folder can be written");
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, expansion, "{} differs; `UPDATE_SNAPSHOTS=1` writes it anew", path.display());
}

#[test]
fn an_async_tool() {
    let expansion = pipeline::tool(
        quote!("lookup_order", deadline = "2.5s"),
        quote! {
            /// Look up an order by the number that the caller gives.
            #[tracing::instrument]
            pub async fn lookup(
                /// The order number, for example A-1042.
                order_id: String,
                mut max_lines: Option<u32>,
                orders: &Orders,
                call: &Call,
            ) -> Result<Order, ToolError> {
                orders.find(&order_id).await
            }
        },
    );
    check("async_tool", expansion);
}

#[test]
fn a_tool_with_constraints() {
    let expansion = pipeline::tool(
        quote!(),
        quote! {
            /// Book a table.
            async fn book(
                #[arg(range = 1..=12, default = 2, record)] guests: u8,
                #[arg(name = "type", length = ..40, pattern = "^[a-z]+$", example = "inside", strict)] kind: String,
                #[arg(default = Day::today())] day: Day,
                #[arg(default, range = -0.5..)] tip: f64,
                #[arg(garde)] address: Address,
            ) {
            }
        },
    );
    check("constraints", expansion);
}

#[test]
fn a_plain_tool_without_arguments() {
    let expansion = pipeline::tool(
        quote!(description = "Tell the time."),
        quote! {
            #[cfg(feature = "clock")]
            fn r#time() -> String {
                now()
            }
        },
    );
    check("plain_tool", expansion);
}

#[test]
fn a_background_tool_with_the_whole_object() {
    let expansion = pipeline::tool(
        quote!(
            crate = facade::hms_webhook,
            background,
            response = "It is on its way",
            message = "I am sending it",
            url = "https://hooks.example.com",
            after_deadline = "finish",
            deadline = "90s",
            tries = 5,
            concurrency = 8
        ),
        quote! {
            /// Send a mail.
            async fn send_mail(#[args] mail: Mail, mailer: &Mailer) -> Result<(), MailError> {
                mailer.send(mail).await
            }
        },
    );
    check("background_tool", expansion);
}

#[test]
fn an_assistant_request() {
    let expansion = pipeline::handler(
        Event::AssistantRequest,
        quote!(concurrency = 8),
        quote! {
            async fn greet(request: AssistantRequest, crm: &Crm) -> AssistantReply {
                crm.assistant_for(request)
            }
        },
    );
    check("assistant_request", expansion);
}

#[test]
fn a_status_update_without_the_event() {
    let expansion = pipeline::handler(
        Event::StatusUpdate,
        quote!(),
        quote!(
            fn note(call: &Call) {}
        ),
    );
    check("status_update", expansion);
}

#[test]
fn an_end_of_call_report() {
    let expansion = pipeline::handler(
        Event::EndOfCallReport,
        quote!(first_retry = "2s", longest_retry = "5m"),
        quote!(
            async fn file_report(crm: &Crm, report: EndOfCallReport) -> Result<(), CrmError> {}
        ),
    );
    check("end_of_call_report", expansion);
}

#[test]
fn another_event() {
    let expansion = pipeline::handler(
        Event::Other,
        quote!("transcript"),
        quote!(
            async fn transcript(event: UnknownEvent) {}
        ),
    );
    check("event", expansion);
}

#[test]
fn a_mistake_in_a_tool() {
    let expansion = pipeline::tool(
        quote!(deadlin = "3s"),
        quote! {
            /// Look up an order.
            async fn lookup(order_id: &str) {}
        },
    );
    check("mistake_in_a_tool", expansion);
}

#[test]
fn a_mistake_in_a_handler() {
    let expansion = pipeline::handler(
        Event::StatusUpdate,
        quote!(),
        quote!(
            async fn note<T>(update: StatusUpdate) {}
        ),
    );
    check("mistake_in_a_handler", expansion);
}
