async fn note<T>(update: StatusUpdate) {}
::core::compile_error! {
    "a handler cannot be generic, since a request names no types; write a concrete type for `T`"
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct note {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    impl __hms::Handler for note {
        const SPEC: __hms::HandlerSpec = __hms::HandlerSpec::new(
            __hms::Location {
                function: "note",
                file: ::core::file!(),
                line: ::core::line!(),
            },
            &[],
            __hms::HandlerRun::StatusUpdate(__run),
        );
    }
    fn __run(_: __hms::HandlerInvocation<__hms::StatusUpdate>) -> __hms::EventFuture {
        ::core::unreachable!()
    }
};
