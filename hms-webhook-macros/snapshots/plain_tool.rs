#[cfg(feature = "clock")]
#[allow(clippy::needless_pass_by_value, clippy::missing_const_for_fn)]
fn r#time() -> String {
    now()
}
#[cfg(feature = "clock")]
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct r#time {}
#[cfg(feature = "clock")]
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __ARGUMENTS: &[__hms::ArgumentSpec] = &[];
    const __NEEDS: &[__hms::Need] = &[];
    impl __hms::Tool for r#time {
        const NAME: &'static ::core::primitive::str = "time";
        const SPEC: __hms::ToolSpec = __hms::ToolSpec::new(
            Self::NAME,
            "Tell the time.",
            __hms::Location {
                function: "time",
                file: ::core::file!(),
                line: ::core::line!(),
            },
            __ARGUMENTS,
            __NEEDS,
            __run,
        );
    }
    fn __run(__invocation: __hms::ToolInvocation) -> __hms::ToolFuture {
        __hms::tool_future(async move {
            let (mut __arguments, __scope) = __invocation.into_parts();
            let true = __arguments.complete() else { return __arguments.refuse() };
            __hms::blocking(move || {
                    let __returned = r#time();
                    __hms::Returned(__returned).tool()
                })
                .await
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Tool(& < r#time as __hms::Tool > ::SPEC)
    }
};
