//! What is made from an app's tools once, when it is first asked for: the schemas by which arguments are read, and the
//! definitions that are written from them.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use crate::{
    arguments::PreparedArguments,
    error::StartupError,
    gate::Gate,
    handler::ToolSpec,
    router::{RegisteredTool, Tools},
    schema::ToolDefinition,
};

/// Empty until somebody asks. It belongs to one list of tools: with another one, a new one is needed.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    tools: OnceLock<(Tools, Vec<String>)>,
    definitions: OnceLock<Vec<ToolDefinition>>,
}

impl Prepared {
    /// The definitions, in the order of `specs`.
    pub(super) fn definitions(&self, specs: &[&'static ToolSpec]) -> Result<&[ToolDefinition], StartupError> {
        let (tools, problems) = self.tools.get_or_init(|| prepared(specs));
        StartupError::check(problems.clone())?;
        let define = |spec: &&ToolSpec| Some(ToolDefinition::new(spec, &tools.get(spec.name)?.arguments));
        Ok(self.definitions.get_or_init(|| specs.iter().filter_map(define).collect()))
    }

    /// The tools by their names, for a service.
    pub(super) fn into_tools(self, specs: &[&'static ToolSpec], problems: &mut Vec<String>) -> Tools {
        let (tools, found) = self.tools.into_inner().unwrap_or_else(|| prepared(specs));
        problems.extend(found);
        tools
    }
}

fn prepared(specs: &[&'static ToolSpec]) -> (Tools, Vec<String>) {
    let mut problems = Vec::new();
    let tools = prepare(specs, &mut problems);
    (tools, problems)
}

fn prepare(specs: &[&'static ToolSpec], problems: &mut Vec<String>) -> Tools {
    let mut tools = Tools::with_capacity_and_hasher(specs.len(), Default::default());
    let mut reported = HashSet::new();
    for &spec in specs {
        if tools.contains_key(spec.name) {
            if reported.insert(spec.name) {
                let places: Vec<_> =
                    specs.iter().filter(|one| one.name == spec.name).map(|one| one.location.to_string()).collect();
                problems.push(format!(
                    "the tool name `{}` is used by {}: give each its own, as in `#[tool(\"other_name\")]`",
                    spec.name,
                    places.join(" and by ")
                ));
            }
            continue;
        }
        match PreparedArguments::prepare(spec) {
            Ok(arguments) => {
                tools.insert(
                    spec.name,
                    RegisteredTool { spec, arguments: Arc::new(arguments), gate: spec.concurrency.map(Gate::new) },
                );
            }
            Err(problem) => problems.push(format!("{}: {problem}", spec.location)),
        }
    }
    tools
}
