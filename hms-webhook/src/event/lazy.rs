//! What all events have in common, read when somebody asks for it.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use bytestring::ByteString;

use super::{CallInfo, EventContext, ToolCalls};

/// An [`EventContext`] that may not have been read yet: most tools never look at it, and somebody waits for their
/// results. It derefs to the context.
#[derive(Clone)]
pub struct LazyContext(Inner);

#[derive(Clone)]
enum Inner {
    Read(Arc<EventContext>),
    Unread(Arc<Unread>),
}

struct Unread {
    call_id: ByteString,
    /// The whole body of the event, which is known to be one.
    body: ByteString,
    /// In a box, as it is large and most tools never look at it.
    context: OnceLock<Box<EventContext>>,
}

impl LazyContext {
    pub(super) fn unread(call_id: ByteString, body: ByteString) -> Self {
        Self(Inner::Unread(Arc::new(Unread { call_id, body, context: OnceLock::new() })))
    }

    /// The id of the call, which needs no reading.
    pub fn call_id(&self) -> &str {
        match &self.0 {
            Inner::Read(context) => &context.call.id,
            Inner::Unread(unread) => &unread.call_id,
        }
    }

    pub(super) fn shared_call_id(&self) -> ByteString {
        match &self.0 {
            Inner::Read(context) => context.call.id.as_str().into(),
            Inner::Unread(unread) => unread.call_id.clone(),
        }
    }

    /// The context, to be changed.
    pub(super) fn make_mut(&mut self) -> &mut EventContext {
        if let Inner::Unread(_) = &self.0 {
            self.0 = Inner::Read(Arc::new((**self).clone()));
        }
        match &mut self.0 {
            Inner::Read(context) => Arc::make_mut(context),
            Inner::Unread(_) => unreachable!("it was read just now"),
        }
    }
}

impl Deref for LazyContext {
    type Target = EventContext;

    fn deref(&self) -> &EventContext {
        match &self.0 {
            Inner::Read(context) => context,
            Inner::Unread(unread) => unread.context.get_or_init(|| {
                Box::new(ToolCalls::read_context(&unread.body).unwrap_or_else(|_| EventContext {
                    call: CallInfo { id: unread.call_id.to_string(), ..CallInfo::default() },
                    ..EventContext::default()
                }))
            }),
        }
    }
}

impl From<Arc<EventContext>> for LazyContext {
    fn from(context: Arc<EventContext>) -> Self {
        Self(Inner::Read(context))
    }
}

impl From<EventContext> for LazyContext {
    fn from(context: EventContext) -> Self {
        Arc::new(context).into()
    }
}

impl fmt::Debug for LazyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
