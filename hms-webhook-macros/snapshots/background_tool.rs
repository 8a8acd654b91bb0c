/// Send a mail.
async fn send_mail(mail: Mail, mailer: &Mailer) -> Result<(), MailError> {
    mailer.send(mail).await
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct send_mail {}
#[allow(deprecated)]
const _: () = {
    use facade::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __ARGUMENT_0: __hms::Argument<Mail> = __hms::Argument::<Mail>::new("", "");
    const __ARGUMENTS: &[__hms::ArgumentSpec] = &[__ARGUMENT_0.spec()];
    const __NEEDS: &[__hms::Need] = &[__hms::Need::new::<Mailer>("mailer")];
    impl __hms::Tool for send_mail {
        const NAME: &'static ::core::primitive::str = "send_mail";
        const SPEC: __hms::ToolSpec = __hms::ToolSpec::new(
                Self::NAME,
                "Send a mail.",
                __hms::Location {
                    function: "send_mail",
                    file: ::core::file!(),
                    line: ::core::line!(),
                },
                __ARGUMENTS,
                __NEEDS,
                __run,
            )
            .whole()
            .deadline_millis(90000)
            .concurrency(8)
            .after_deadline(__hms::AfterDeadline::Finish)
            .background()
            .response("It is on its way")
            .message("I am sending it")
            .url("https://hooks.example.com")
            .retry(__hms::RetryPolicy::new(5, 1000, 3600000));
    }
    fn __run(__invocation: __hms::ToolInvocation) -> __hms::ToolFuture {
        __hms::tool_future(async move {
            let (mut __arguments, __scope) = __invocation.into_parts();
            let __0 = __arguments.take_whole(__ARGUMENT_0);
            let (::core::option::Option::Some(__0), true) = (__0, __arguments.complete())
            else { return __arguments.refuse() };
            let __returned = send_mail(__0, __scope.get::<Mailer>()).await;
            __hms::Returned(__returned).tool()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Tool(& < send_mail as __hms::Tool > ::SPEC)
    }
};
