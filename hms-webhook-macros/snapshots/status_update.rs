#[allow(clippy::needless_pass_by_value, clippy::missing_const_for_fn)]
fn note(call: &Call) {}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct note {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __NEEDS: &[__hms::Need] = &[__hms::Need::new::<Call>("call")];
    impl __hms::Handler for note {
        const SPEC: __hms::HandlerSpec = __hms::HandlerSpec::new(
            __hms::Location {
                function: "note",
                file: ::core::file!(),
                line: ::core::line!(),
            },
            __NEEDS,
            __hms::HandlerRun::StatusUpdate(__run),
        );
    }
    fn __run(
        __invocation: __hms::HandlerInvocation<__hms::StatusUpdate>,
    ) -> __hms::EventFuture {
        __hms::handler_future(async move {
            let (__event, __scope) = __invocation.into_parts();
            __hms::blocking(move || {
                    let __returned = note(__scope.get::<Call>());
                    __hms::Returned(__returned).event()
                })
                .await
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Handler(& < note as __hms::Handler > ::SPEC)
    }
};
