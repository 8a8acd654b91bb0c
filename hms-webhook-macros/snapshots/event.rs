async fn transcript(event: UnknownEvent) {}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct transcript {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __NEEDS: &[__hms::Need] = &[];
    impl __hms::Handler for transcript {
        const SPEC: __hms::HandlerSpec = __hms::HandlerSpec::new(
            __hms::Location {
                function: "transcript",
                file: ::core::file!(),
                line: ::core::line!(),
            },
            __NEEDS,
            __hms::HandlerRun::Event("transcript", __run),
        );
    }
    fn __run(
        __invocation: __hms::HandlerInvocation<__hms::UnknownEvent>,
    ) -> __hms::EventFuture {
        __hms::handler_future(async move {
            let (__event, __scope) = __invocation.into_parts();
            let __event = <UnknownEvent as __hms::EventParameter>::from_event(__event);
            let __returned = transcript(__event).await;
            __hms::Returned(__returned).event()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Handler(& < transcript as __hms::Handler > ::SPEC)
    }
};
