/// Look up an order by the number that the caller gives.
#[tracing::instrument]
pub async fn lookup(
    order_id: String,
    mut max_lines: Option<u32>,
    orders: &Orders,
    call: &Call,
) -> Result<Order, ToolError> {
    orders.find(&order_id).await
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
pub struct lookup {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __ARGUMENT_0: __hms::Argument<String> = __hms::Argument::<
        String,
    >::new("order_id", "The order number, for example A-1042.");
    const __ARGUMENT_1: __hms::Argument<Option<u32>> = __hms::Argument::<
        Option<u32>,
    >::new("max_lines", "");
    const __ARGUMENTS: &[__hms::ArgumentSpec] = &[
        __ARGUMENT_0.spec(),
        __ARGUMENT_1.spec(),
    ];
    const __NEEDS: &[__hms::Need] = &[
        __hms::Need::new::<Orders>("orders"),
        __hms::Need::new::<Call>("call"),
    ];
    impl __hms::Tool for lookup {
        const NAME: &'static ::core::primitive::str = "lookup_order";
        const SPEC: __hms::ToolSpec = __hms::ToolSpec::new(
                Self::NAME,
                "Look up an order by the number that the caller gives.",
                __hms::Location {
                    function: "lookup",
                    file: ::core::file!(),
                    line: ::core::line!(),
                },
                __ARGUMENTS,
                __NEEDS,
                __run,
            )
            .deadline_millis(2500);
    }
    fn __run(__invocation: __hms::ToolInvocation) -> __hms::ToolFuture {
        __hms::tool_future(async move {
            let (mut __arguments, __scope) = __invocation.into_parts();
            let __0 = __arguments.take(0, __ARGUMENT_0);
            let __1 = __arguments.take(1, __ARGUMENT_1);
            let (
                ::core::option::Option::Some(__0),
                ::core::option::Option::Some(__1),
                true,
            ) = (__0, __1, __arguments.complete()) else { return __arguments.refuse() };
            let __returned = lookup(
                    __0,
                    __1,
                    __scope.get::<Orders>(),
                    __scope.get::<Call>(),
                )
                .await;
            __hms::Returned(__returned).tool()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Tool(& < lookup as __hms::Tool > ::SPEC)
    }
};
