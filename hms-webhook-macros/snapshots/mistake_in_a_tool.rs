/// Look up an order.
async fn lookup(order_id: &str) {}
::core::compile_error! {
    "unknown key `deadlin` in `#[tool]`; did you mean `deadline`?"
}
::core::compile_error! {
    "what comes from the wire is owned; write `String`"
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct lookup {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    impl __hms::Tool for lookup {
        const NAME: &'static ::core::primitive::str = "lookup";
        const SPEC: __hms::ToolSpec = __hms::ToolSpec::new(
            Self::NAME,
            "",
            __hms::Location {
                function: "lookup",
                file: ::core::file!(),
                line: ::core::line!(),
            },
            &[],
            &[],
            |_| ::core::unreachable!(),
        );
    }
};
