async fn greet(request: AssistantRequest, crm: &Crm) -> AssistantReply {
    crm.assistant_for(request)
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct greet {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __NEEDS: &[__hms::Need] = &[__hms::Need::new::<Crm>("crm")];
    impl __hms::Handler for greet {
        const SPEC: __hms::HandlerSpec = __hms::HandlerSpec::new(
                __hms::Location {
                    function: "greet",
                    file: ::core::file!(),
                    line: ::core::line!(),
                },
                __NEEDS,
                __hms::HandlerRun::AssistantRequest(__run),
            )
            .concurrency(8);
    }
    fn __run(
        __invocation: __hms::HandlerInvocation<__hms::AssistantRequest>,
    ) -> __hms::AssistantFuture {
        __hms::handler_future(async move {
            let (__event, __scope) = __invocation.into_parts();
            let __event = <AssistantRequest as __hms::AssistantRequestParameter>::from_event(
                __event,
            );
            let __returned = greet(__event, __scope.get::<Crm>()).await;
            __hms::Returned(__returned).assistant()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Handler(& < greet as __hms::Handler > ::SPEC)
    }
};
