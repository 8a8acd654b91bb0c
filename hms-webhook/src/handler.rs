//! What an annotated function becomes: the traits its types must satisfy, its description as data,
//! and the generic functions that generated code calls.
//!
//! Choosing a handler and running it is the router's business, not this module's.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    collections::HashMap,
    error::Error,
    fmt,
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;

use crate::{
    Deadline,
    arguments::{ArgumentSpec, Arguments, PreparedArguments},
    event::{AssistantRequest, Call, EndOfCallReport, RawArguments, StatusUpdate, UnknownEvent},
    gate::Entered,
    reply::AssistantReply,
    retry::RetryPolicy,
};

// ---------------------------------------------------------------------------------------------
// Errors of handlers
// ---------------------------------------------------------------------------------------------

/// Why a tool could not do what it was asked for.
///
/// It has two texts. What the *model* hears is either a sentence of yours ([`ToolError::tell`]) or, for
/// every error that came in through `?`, a neutral one; what the *log* gets is the whole chain of causes.
///
/// ```
/// use hms_webhook::ToolError;
///
/// fn stock(text: &str) -> Result<u32, ToolError> {
///     let pieces: u32 = text.parse()?; // the model hears a neutral sentence, the log the cause
///     if pieces == 0 {
///         return Err(ToolError::tell("that article is sold out"));
///     }
///     Ok(pieces)
/// }
///
/// assert_eq!(stock("0").unwrap_err().told(), "that article is sold out");
/// assert!(!stock("many").unwrap_err().told().contains("invalid digit"));
/// ```
pub struct ToolError {
    told: Cow<'static, str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    kind: ToolErrorKind,
}

/// What sort of failure this is; decides how loudly it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolErrorKind {
    /// The tool's own answer to the model.
    Told,
    /// The arguments were not what the tool takes.
    Arguments,
    /// Something broke.
    Internal,
}

/// What the model hears of an error that is none of its business.
pub(crate) const NEUTRAL: &str =
    "the tool failed for an internal reason; tell the caller that this cannot be done right now";

impl ToolError {
    /// An error whose text the model hears as it is. Write it for the model: what is wrong and what it may do instead.
    pub fn tell(text: impl Into<Cow<'static, str>>) -> Self {
        Self { told: text.into(), cause: None, kind: ToolErrorKind::Told }
    }

    /// An error whose cause goes to the log; the model hears a neutral sentence.
    ///
    /// `?` does this by itself for every [`std::error::Error`]. This function also takes what only
    /// converts into one: `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String`, `&str`.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        match cause.into().downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(cause) => Self { told: NEUTRAL.into(), cause: Some(cause), kind: ToolErrorKind::Internal },
        }
    }

    /// Adds what the log shall say about an error that the model is told.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What the model hears.
    pub fn told(&self) -> &str {
        &self.told
    }

    pub(crate) fn arguments(faults: String) -> Self {
        Self { told: faults.into(), cause: None, kind: ToolErrorKind::Arguments }
    }

    pub(crate) fn kind(&self) -> ToolErrorKind {
        self.kind
    }

    /// The chain of causes for the log, outermost first; empty where there is none.
    pub(crate) fn causes(&self) -> String {
        self.cause.as_deref().map(|cause| chain(cause)).unwrap_or_default()
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolError").field("told", &self.told).field("cause", &self.cause).finish()
    }
}

/// What the model hears.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

// `ToolError` is deliberately no `std::error::Error`: that is what lets `?` turn every other error into one.
impl<E: Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(cause: E) -> Self {
        Self::internal(cause)
    }
}

/// A `ToolError` on its way through a boxed error, so that it arrives as what it was.
struct Carried(ToolError);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {}

impl From<ToolError> for Box<dyn Error + Send + Sync> {
    fn from(error: ToolError) -> Self {
        Box::new(Carried(error))
    }
}

/// An error and what caused it, on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

// ---------------------------------------------------------------------------------------------
// What a user's types must satisfy
// ---------------------------------------------------------------------------------------------

/// A value that a tool may return. Implemented for everything that implements [`serde::Serialize`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "this does not implement `serde::Serialize`",
    note = "a tool's result is sent as JSON: add `#[derive(serde::Serialize)]` to `{Self}`"
)]
pub trait ToolOutput {
    #[doc(hidden)]
    fn to_json(&self) -> serde_json::Result<String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ToolOutput for T {
    fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// An error that a handler may return: [`ToolError`], every [`std::error::Error`], and what converts into a boxed one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "this does not implement `std::error::Error`",
    note = "return `hms_webhook::ToolError`, or implement `std::error::Error` for `{Self}`"
)]
pub trait HandlerError {
    #[doc(hidden)]
    fn into_boxed(self) -> Box<dyn Error + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> HandlerError for E {
    fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        self.into()
    }
}

/// A value that handlers may borrow from the server. Implemented for everything that threads can share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be borrowed from the server",
    label = "threads cannot share this",
    note = "handlers run on several threads at once: what they borrow must be `Send + Sync + 'static`; \
            `Arc` instead of `Rc` and a `Mutex` instead of a `RefCell` usually do"
)]
pub trait State: Any + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Any + Send + Sync> State for T {}

macro_rules! event_parameter {
    ($(#[$attribute:meta])* $name:ident, $event:ty) => {
        $(#[$attribute])*
        pub trait $name {
            #[doc(hidden)]
            fn from_event(event: $event) -> Self;
        }

        impl $name for $event {
            fn from_event(event: $event) -> Self {
                event
            }
        }
    };
}

event_parameter!(
    /// The owned parameter of an `#[assistant_request]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[assistant_request]` handler is given",
        label = "write `AssistantRequest` here",
        note = "its one owned parameter is `hms_webhook::AssistantRequest`; everything else is borrowed, like `&Call`"
    )]
    AssistantRequestParameter, AssistantRequest
);
event_parameter!(
    /// The owned parameter of a `#[status_update]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what a `#[status_update]` handler is given",
        label = "write `StatusUpdate` here",
        note = "its one owned parameter is `hms_webhook::StatusUpdate`; everything else is borrowed, like `&Call`"
    )]
    StatusUpdateParameter, StatusUpdate
);
event_parameter!(
    /// The owned parameter of an `#[end_of_call_report]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[end_of_call_report]` handler is given",
        label = "write `EndOfCallReport` here",
        note = "its one owned parameter is `hms_webhook::EndOfCallReport`; everything else is borrowed, like `&Call`"
    )]
    EndOfCallReportParameter, EndOfCallReport
);
event_parameter!(
    /// The owned parameter of an `#[event("…")]` function.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not what an `#[event]` handler is given",
        label = "write `UnknownEvent` here",
        note = "its one owned parameter is `hms_webhook::UnknownEvent`; everything else is borrowed, like `&Call`"
    )]
    EventParameter, UnknownEvent
);

// ---------------------------------------------------------------------------------------------
// What a function returned
// ---------------------------------------------------------------------------------------------

/// What a user's function returned, not yet known to be a `Result` or not.
///
/// The inherent methods exist for a `Result` only and win over those of [`PlainReturn`], which everything
/// has. That is how a `Result` is told from another value without looking at how its type is spelled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Returned<T>(pub T);

impl<T, E> Returned<Result<T, E>> {
    pub fn tool(self) -> ToolOutcome
    where
        T: ToolOutput,
        E: HandlerError,
    {
        match self.0 {
            Ok(value) => Returned(value).tool(),
            Err(error) => Err(ToolError::internal(error.into_boxed())),
        }
    }

    pub fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        T: AssistantReturn,
        E: HandlerError,
    {
        self.0.map(T::into_reply).map_err(E::into_boxed)
    }

    pub fn event(self) -> HandlerOutcome<()>
    where
        T: EventReturn,
        E: HandlerError,
    {
        self.0.map(|_| ()).map_err(E::into_boxed)
    }
}

/// See [`Returned`].
#[doc(hidden)]
pub trait PlainReturn {
    type Value;
    fn tool(self) -> ToolOutcome
    where
        Self::Value: ToolOutput;
    fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        Self::Value: AssistantReturn;
    fn event(self) -> HandlerOutcome<()>
    where
        Self::Value: EventReturn;
}

impl<T> PlainReturn for Returned<T> {
    type Value = T;

    fn tool(self) -> ToolOutcome
    where
        T: ToolOutput,
    {
        match self.0.to_json() {
            Ok(json) => Ok(json),
            Err(error) => Err(ToolError::internal(format!("the result cannot be written as JSON: {error}"))),
        }
    }

    fn assistant(self) -> HandlerOutcome<AssistantReply>
    where
        T: AssistantReturn,
    {
        Ok(self.0.into_reply())
    }

    fn event(self) -> HandlerOutcome<()>
    where
        T: EventReturn,
    {
        Ok(())
    }
}

/// What an `#[assistant_request]` function returns, by itself or in a `Result`.
#[diagnostic::on_unimplemented(
    message = "an `#[assistant_request]` handler cannot return `{Self}`",
    label = "write `AssistantReply` or `Result<AssistantReply, …>` here"
)]
pub trait AssistantReturn {
    #[doc(hidden)]
    fn into_reply(self) -> AssistantReply;
}

impl AssistantReturn for AssistantReply {
    fn into_reply(self) -> AssistantReply {
        self
    }
}

/// What the handler of a notification returns, by itself or in a `Result`: nothing.
#[diagnostic::on_unimplemented(
    message = "the handler of a notification cannot return `{Self}`",
    label = "write nothing, or `Result<(), …>` here",
    note = "the platform ignores the answer to a notification, so there is nothing to return"
)]
pub trait EventReturn {}

impl EventReturn for () {}

// ---------------------------------------------------------------------------------------------
// A handler as data
// ---------------------------------------------------------------------------------------------

/// Where a handler was written; for messages.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Location {
    pub function: &'static str,
    pub file: &'static str,
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.function, self.file, self.line)
    }
}

/// One borrowed parameter: what it is called and what type is looked up for it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub(crate) parameter: &'static str,
    pub(crate) type_id: fn() -> TypeId,
    pub(crate) type_name: fn() -> &'static str,
}

impl Need {
    // That `T` is a `State` is asked by `Scope::get` alone, so that a type which is none is reported once.
    pub const fn new<T: Any>(parameter: &'static str) -> Self {
        Self { parameter, type_id: TypeId::of::<T>, type_name: std::any::type_name::<T> }
    }
}

/// What becomes of a tool that is still running at its deadline.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDeadline {
    Cancel,
    Finish,
}

/// An annotated tool as data. Written by `#[tool]` as a constant.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct ToolSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) location: Location,
    pub(crate) arguments: &'static [ArgumentSpec],
    /// The one argument is the whole object.
    pub(crate) whole: bool,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(ToolInvocation) -> ToolFuture,
    pub(crate) deadline: Option<Duration>,
    pub(crate) after_deadline: AfterDeadline,
    pub(crate) background: bool,
    pub(crate) response: Option<&'static str>,
    pub(crate) message: Option<&'static str>,
    pub(crate) url: Option<&'static str>,
    /// Of a background tool.
    pub(crate) retry: RetryPolicy,
    pub(crate) concurrency: Option<NonZeroU32>,
}

impl ToolSpec {
    pub const fn new(
        name: &'static str,
        description: &'static str,
        location: Location,
        arguments: &'static [ArgumentSpec],
        needs: &'static [Need],
        run: fn(ToolInvocation) -> ToolFuture,
    ) -> Self {
        Self {
            name,
            description,
            location,
            arguments,
            whole: false,
            needs,
            run,
            deadline: None,
            after_deadline: AfterDeadline::Cancel,
            background: false,
            response: None,
            message: None,
            url: None,
            retry: RetryPolicy::DEFAULT,
            concurrency: None,
        }
    }

    pub const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    pub const fn deadline_millis(mut self, milliseconds: u64) -> Self {
        self.deadline = Some(Duration::from_millis(milliseconds));
        self
    }

    pub const fn after_deadline(mut self, after: AfterDeadline) -> Self {
        self.after_deadline = after;
        self
    }

    pub const fn background(mut self) -> Self {
        self.background = true;
        self
    }

    pub const fn response(mut self, text: &'static str) -> Self {
        self.response = Some(text);
        self
    }

    pub const fn message(mut self, text: &'static str) -> Self {
        self.message = Some(text);
        self
    }

    pub const fn url(mut self, url: &'static str) -> Self {
        self.url = Some(url);
        self
    }

    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    pub const fn concurrency(mut self, calls: u32) -> Self {
        self.concurrency = NonZeroU32::new(calls);
        self
    }
}

/// A tool: a function that the model of a voice agent may call.
///
/// `#[tool]` implements it for a type of the function's own name, so that the name can be handed to
/// [`tools!`](crate::tools). Nothing else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tool",
    label = "no function of this name has `#[tool]`",
    note = "handlers of events are listed with `handlers![{Self}]`; a tool is a function with `#[tool]`"
)]
pub trait Tool {
    /// The name by which the model calls the tool (PROTOCOL.md §5.1).
    const NAME: &'static str;

    #[doc(hidden)]
    const SPEC: ToolSpec;
}

/// An annotated event handler as data.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct HandlerSpec {
    pub(crate) location: Location,
    pub(crate) needs: &'static [Need],
    pub(crate) run: HandlerRun,
    pub(crate) retry: RetryPolicy,
}

impl HandlerSpec {
    pub const fn new(location: Location, needs: &'static [Need], run: HandlerRun) -> Self {
        Self { location, needs, run, retry: RetryPolicy::DEFAULT }
    }

    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

/// How an event handler is run, and so for which event.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum HandlerRun {
    AssistantRequest(fn(HandlerInvocation<AssistantRequest>) -> AssistantFuture),
    StatusUpdate(fn(HandlerInvocation<StatusUpdate>) -> EventFuture),
    EndOfCallReport(fn(HandlerInvocation<EndOfCallReport>) -> EventFuture),
    /// The type of the event, then how it is run.
    Event(&'static str, fn(HandlerInvocation<UnknownEvent>) -> EventFuture),
}

/// A handler of an event.
///
/// `#[assistant_request]`, `#[status_update]`, `#[end_of_call_report]` and `#[event]` implement it for a type of
/// the function's own name, so that the name can be handed to [`handlers!`](crate::handlers). Nothing else implements it.
pub trait Handler {
    #[doc(hidden)]
    const SPEC: HandlerSpec;
}

/// What `App::discover()` collects.
#[doc(hidden)]
#[derive(Debug)]
pub enum Registration {
    Tool(&'static ToolSpec),
    Handler(&'static HandlerSpec),
}

inventory::collect!(Registration);

// ---------------------------------------------------------------------------------------------
// Running a handler
// ---------------------------------------------------------------------------------------------

/// A tool's result as JSON, or why there is none.
#[doc(hidden)]
pub type ToolOutcome = Result<String, ToolError>;
#[doc(hidden)]
pub type ToolFuture = Pin<Box<dyn Future<Output = ToolOutcome> + Send>>;
#[doc(hidden)]
pub type HandlerOutcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
#[doc(hidden)]
pub type AssistantFuture = Pin<Box<dyn Future<Output = HandlerOutcome<AssistantReply>> + Send>>;
#[doc(hidden)]
pub type EventFuture = Pin<Box<dyn Future<Output = HandlerOutcome<()>> + Send>>;

/// The values that `.state(T)` registered, by type.
#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    /// Keeps `value`; gives back whether one of its type was there already.
    pub(crate) fn insert<T: State>(&mut self, value: T) -> bool {
        self.0.insert(TypeId::of::<T>(), Box::new(value)).is_some()
    }

    pub(crate) fn contains(&self, type_id: TypeId) -> bool {
        self.0.contains_key(&type_id)
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}

/// What the borrowed parameters of a handler borrow from.
#[doc(hidden)]
#[derive(Debug)]
pub struct Scope {
    states: Arc<States>,
    call: Call,
    deadline: Deadline,
    /// What is given back when the handler has ended, and not before: a function that blocks a thread outlives its
    /// deadline.
    held: Option<Entered>,
}

impl Scope {
    pub(crate) fn new(states: Arc<States>, call: Call) -> Self {
        let deadline = call.deadline();
        Self { states, call, deadline, held: None }
    }

    /// Keeps a place until the handler has ended.
    pub(crate) fn hold(&mut self, place: Entered) {
        self.held = Some(place);
    }

    /// What belongs to the call itself, which no `.state` has to provide.
    pub(crate) fn is_provided(type_id: TypeId) -> bool {
        type_id == TypeId::of::<Call>() || type_id == TypeId::of::<Deadline>()
    }

    /// The value of type `T`: of this call first, then of the server.
    ///
    /// # Panics
    /// When there is none, which the checks at start-up rule out.
    pub fn get<T: State>(&self) -> &T {
        let call: &dyn Any = &self.call;
        let deadline: &dyn Any = &self.deadline;
        call.downcast_ref()
            .or_else(|| deadline.downcast_ref())
            .or_else(|| self.states.0.get(&TypeId::of::<T>())?.downcast_ref())
            .expect("start-up checked that every borrowed parameter is provided")
    }
}

/// One call of a tool, ready to be run.
#[doc(hidden)]
#[derive(Debug)]
pub struct ToolInvocation {
    pub(crate) arguments: RawArguments,
    pub(crate) prepared: Arc<PreparedArguments>,
    pub(crate) scope: Scope,
}

impl ToolInvocation {
    pub fn into_parts(self) -> (Arguments, Scope) {
        (Arguments::new(self.arguments, self.prepared), self.scope)
    }
}

/// One event, ready to be handled.
#[doc(hidden)]
#[derive(Debug)]
pub struct HandlerInvocation<E> {
    pub(crate) event: E,
    pub(crate) scope: Scope,
}

impl<E> HandlerInvocation<E> {
    pub fn into_parts(self) -> (E, Scope) {
        (self.event, self.scope)
    }
}

/// Boxes the body of a generated tool; a function of its own so that a future that is not `Send` is reported here.
#[doc(hidden)]
pub fn tool_future(future: impl Future<Output = ToolOutcome> + Send + 'static) -> ToolFuture {
    Box::pin(future)
}

/// The same for event handlers.
#[doc(hidden)]
pub fn handler_future<T>(
    future: impl Future<Output = HandlerOutcome<T>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = HandlerOutcome<T>> + Send>> {
    Box::pin(future)
}

/// Runs a plain `fn` where it may block. A panic goes on in the task that waits here.
#[doc(hidden)]
pub async fn blocking<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(function).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The pool drops what it has not begun only when its runtime is going away, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// An `example` or `default` as JSON for the schema.
#[doc(hidden)]
pub fn json<T: Serialize>(value: T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
