//! One run of a handler: what it is given, and the future that it is.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
};

use super::{State, ToolError};
use crate::{
    Deadline,
    arguments::{Arguments, PreparedArguments},
    event::{Call, RawArguments},
    gate::Entered,
    reply::AssistantReply,
};

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
