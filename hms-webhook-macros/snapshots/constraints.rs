/// Book a table.
async fn book(guests: u8, kind: String, day: Day, tip: f64, address: Address) {}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
struct book {}
#[allow(deprecated)]
const _: () = {
    use ::hms_webhook::__private as __hms;
    use __hms::PlainReturn as _;
    const __ARGUMENT_0: __hms::Argument<u8> = __hms::Argument::<u8>::new("guests", "")
        .default(
            || __hms::value::<u8, _>(2),
            ::core::option::Option::Some(|| __hms::json(__hms::example::<u8, _>(2))),
        )
        .range(__hms::Range {
            minimum: ::core::option::Option::Some(__hms::Bound::Integer(1)),
            maximum: ::core::option::Option::Some(__hms::Bound::Integer(12)),
            excludes_maximum: false,
        })
        .record();
    const __ARGUMENT_1: __hms::Argument<String> = __hms::Argument::<
        String,
    >::new("type", "")
        .example(|| __hms::json(__hms::example::<String, _>("inside")))
        .length(0, ::core::option::Option::Some(39))
        .pattern("^[a-z]+$")
        .strict();
    const __ARGUMENT_2: __hms::Argument<Day> = __hms::Argument::<Day>::new("day", "")
        .default(|| __hms::value::<Day, _>(Day::today()), ::core::option::Option::None);
    const __ARGUMENT_3: __hms::Argument<f64> = __hms::Argument::<f64>::new("tip", "")
        .default(
            <f64 as ::core::default::Default>::default,
            ::core::option::Option::None,
        )
        .range(__hms::Range {
            minimum: ::core::option::Option::Some(__hms::Bound::Float(-0.5)),
            maximum: ::core::option::Option::None,
            excludes_maximum: false,
        });
    const __ARGUMENT_4: __hms::Argument<Address> = __hms::Argument::<
        Address,
    >::new("address", "")
        .garde();
    const __ARGUMENTS: &[__hms::ArgumentSpec] = &[
        __ARGUMENT_0.spec(),
        __ARGUMENT_1.spec(),
        __ARGUMENT_2.spec(),
        __ARGUMENT_3.spec(),
        __ARGUMENT_4.spec(),
    ];
    const __NEEDS: &[__hms::Need] = &[];
    impl __hms::Tool for book {
        const NAME: &'static ::core::primitive::str = "book";
        const SPEC: __hms::ToolSpec = __hms::ToolSpec::new(
            Self::NAME,
            "Book a table.",
            __hms::Location {
                function: "book",
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
            let __0 = __arguments.take(0, __ARGUMENT_0);
            let __1 = __arguments.take(1, __ARGUMENT_1);
            let __2 = __arguments.take(2, __ARGUMENT_2);
            let __3 = __arguments.take(3, __ARGUMENT_3);
            let __4 = __arguments.take(4, __ARGUMENT_4);
            let (
                ::core::option::Option::Some(__0),
                ::core::option::Option::Some(__1),
                ::core::option::Option::Some(__2),
                ::core::option::Option::Some(__3),
                ::core::option::Option::Some(__4),
                true,
            ) = (__0, __1, __2, __3, __4, __arguments.complete()) else {
                return __arguments.refuse()
            };
            let __returned = book(__0, __1, __2, __3, __4).await;
            __hms::Returned(__returned).tool()
        })
    }
    __hms::inventory::submit! {
        __hms::Registration::Tool(& < book as __hms::Tool > ::SPEC)
    }
};
