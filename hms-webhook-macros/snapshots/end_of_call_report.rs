async fn file_report(crm: &Crm, report: EndOfCallReport) -> Result<(), CrmError> {}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct file_report {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __NEEDS: &[__hms::Need] = &[__hms::Need::new::<Crm>("crm")];
    impl __hms::Handler for file_report {
        const SPEC: __hms::HandlerSpec = __hms::HandlerSpec::new(
                __hms::Location {
                    function: "file_report",
                    file: ::core::file!(),
                    line: ::core::line!(),
                },
                __NEEDS,
                __hms::HandlerRun::EndOfCallReport(__run),
            )
            .retry(__hms::RetryPolicy::new(12, 2000, 300000));
    }
    fn __run(
        __invocation: __hms::HandlerInvocation<__hms::EndOfCallReport>,
    ) -> __hms::EventFuture {
        __hms::handler_future(async move {
            let (__event, __scope) = __invocation.into_parts();
            let __event = <EndOfCallReport as __hms::EndOfCallReportParameter>::from_event(
                __event,
            );
            let __returned = file_report(__scope.get::<Crm>(), __event).await;
            __hms::Returned(__returned).event()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Handler(& < file_report as __hms::Handler > ::SPEC)
    }
};
