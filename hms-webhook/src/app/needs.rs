//! Whether an app provides what its handlers borrow.

use std::{any::TypeId, collections::BTreeMap};

use super::App;
use crate::{
    event::{AssistantRequest, EndOfCallReport, StatusUpdate, UnknownEvent},
    handler::{Location, Need, Scope},
};

/// Every borrowed parameter must be there; those of one type are reported together.
pub(super) fn check(app: &App, problems: &mut Vec<String>) {
    let tools = app.tools.iter().map(|spec| (spec.location, spec.needs));
    let handlers = app.handlers.iter().map(|spec| (spec.location, spec.needs));
    let mut missing: BTreeMap<&'static str, Vec<(Location, &Need)>> = BTreeMap::new();
    for (location, needs) in tools.chain(handlers) {
        for need in needs {
            let type_id = (need.type_id)();
            if !Scope::is_provided(type_id) && !app.states.contains(type_id) {
                missing.entry((need.type_name)()).or_default().push((location, need));
            }
        }
    }
    for (type_name, users) in missing {
        let is_event = users.iter().any(|(_, need)| is_event((need.type_id)()));
        let users: Vec<_> =
            users.iter().map(|(location, need)| format!("{location} as `{}`", need.parameter)).collect();
        let remedy = match type_name.rsplit("::").next() {
            Some(name) if is_event => format!("an event comes from the wire, so take it owned, as `{name}`"),
            _ => format!("call `.state(…)` with a `{type_name}`"),
        };
        problems.push(format!(
            "nothing provides the `&{type_name}` that is borrowed by {}: {remedy}",
            users.join(" and by ")
        ));
    }
}

/// Whether it is what handlers take owned.
fn is_event(type_id: TypeId) -> bool {
    [
        TypeId::of::<AssistantRequest>(),
        TypeId::of::<StatusUpdate>(),
        TypeId::of::<EndOfCallReport>(),
        TypeId::of::<UnknownEvent>(),
    ]
    .contains(&type_id)
}
