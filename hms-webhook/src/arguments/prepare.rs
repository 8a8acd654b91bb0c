//! A tool's argument descriptions, made into the shape of its arguments once, at start-up.

use serde_json::{Number, Value};

use crate::{
    handler::ToolSpec,
    shape::{self, Kind, Limit, ObjectShape, Property, Rest, Shape},
};

use super::{
    ArgumentSpec, Bound, Range,
    faults::{Faults, Path},
    walk::Walk,
};

/// What start-up made of a tool's argument descriptions, so that a call only has to look.
#[doc(hidden)]
#[derive(Debug)]
pub(crate) struct PreparedArguments {
    /// Of the whole arguments object.
    pub(super) root: Shape,
    /// The one argument is the whole object.
    pub(super) whole: bool,
    pub(super) strict: bool,
    /// The places of the arguments whose values spans show.
    pub(super) recorded: Vec<usize>,
}

impl PreparedArguments {
    /// Reads the descriptions of a tool's arguments. The error names the tool, every argument that is at fault, and
    /// what to do.
    pub(crate) fn prepare(tool: &ToolSpec) -> Result<Self, String> {
        if let ([argument], true) = (tool.arguments, tool.whole) {
            let root = whole(argument).map_err(|fault| about(tool, argument, &fault))?;
            return Ok(Self { root, whole: true, strict: argument.strict, recorded: Vec::new() });
        }
        let mut properties = Vec::new();
        let mut faults = Vec::new();
        for argument in tool.arguments {
            match property(argument) {
                Ok(property) => properties.push(property),
                Err(fault) => faults.push(about(tool, argument, &fault)),
            }
        }
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        let object = ObjectShape::new(properties, Vec::new(), Rest::Refused);
        let recorded = tool.arguments.iter().enumerate().filter(|(_, argument)| argument.record);
        let recorded = recorded.map(|(index, _)| index).collect();
        Ok(Self { root: Shape::new(Kind::Object(object)), whole: false, strict: false, recorded })
    }

    /// Whether spans show the value of any argument.
    pub(crate) fn are_recorded(&self) -> bool {
        !self.recorded.is_empty()
    }

    /// The JSON Schema of the arguments object, in its plain form: `type`, `properties`, `required`, and nothing that
    /// only some models know.
    pub(crate) fn schema(&self) -> Value {
        shape::write(&self.root)
    }
}

fn about(tool: &ToolSpec, argument: &ArgumentSpec, fault: &str) -> String {
    format!("the argument `{}` of the tool `{}`, {}, {fault}", argument.name, tool.name, tool.location)
}

/// `json` as a value of this shape, perhaps converted; or its faults.
#[cfg(any(test, fuzzing))]
pub(crate) fn conform_to(shape: &Shape, json: &str, lenient: bool) -> Result<String, String> {
    let mut walk = Walk::new(lenient);
    let converted = walk.conform(shape, json, &Path::Root).into_owned();
    if walk.faults.is_empty() { Ok(converted) } else { Err(walk.faults.to_string()) }
}

fn check(shape: &Shape, json: &str, lenient: bool) -> Faults {
    let mut walk = Walk::new(lenient);
    walk.conform(shape, json, &Path::Root);
    walk.faults
}

/// The shape of an `#[args]` parameter.
fn whole(argument: &ArgumentSpec) -> Result<Shape, String> {
    let mut shape = shape::read((argument.schema)())?;
    let is_object = match &shape.kind {
        Kind::Object(_) => true,
        Kind::Union(union) => union.branches.iter().all(|branch| branch.as_object().is_some()),
        _ => false,
    };
    if !is_object {
        return Err("takes the whole arguments object, but its type is no object: use a struct with named fields, \
                    or leave `#[args]` out"
            .to_owned());
    }
    // There is always an object, and what it is for is said by the tool's own description.
    shape.nullable = false;
    shape.description = None;
    Ok(shape)
}

fn property(argument: &ArgumentSpec) -> Result<Property, String> {
    let mut shape = shape::read((argument.schema)())?;
    if !argument.description.is_empty() {
        shape.description = Some(argument.description.to_owned());
    }
    if let Some(range) = &argument.range {
        limit(&mut shape, range)?;
    }
    if let Some((minimum, maximum)) = argument.length {
        let (low, high) = match &mut shape.kind {
            Kind::Text(text) => (&mut text.minimum, &mut text.maximum),
            Kind::List(list) => (&mut list.minimum, &mut list.maximum),
            _ => return Err("has a `length`, but its schema is neither a text nor a list".to_owned()),
        };
        *low = (*low).max(Some(minimum).filter(|minimum| *minimum > 0));
        *high = high.iter().copied().chain(maximum).min();
    }
    if let Some(pattern) = argument.pattern {
        match &mut shape.kind {
            Kind::Text(text) => text.pattern = Some(shape::regex(pattern)?),
            _ => return Err("has a `pattern`, but its schema is no text".to_owned()),
        }
    }
    if let Some(default) = argument.default_json {
        shape.default = Some(sound(&shape, default(), "default")?);
    }
    if let Some(example) = argument.example {
        shape.examples = Some(vec![sound(&shape, example(), "example")?].into());
    }
    let required = !(argument.has_default || (argument.optional)());
    Ok(Property { name: argument.name.to_owned(), shape, required, strict: argument.strict })
}

fn limit(shape: &mut Shape, range: &Range) -> Result<(), String> {
    let Kind::Number(number) = &mut shape.kind else {
        return Err("has a `range`, but its schema is no number".to_owned());
    };
    number.at_least(range.minimum.as_ref().and_then(|bound| bounded(bound, false)));
    number.at_most(range.maximum.as_ref().and_then(|bound| bounded(bound, range.excludes_maximum)));
    Ok(())
}

fn bounded(bound: &Bound, excluded: bool) -> Option<Limit> {
    let number = match bound {
        Bound::Integer(integer) => match Number::from_i128(*integer) {
            Some(number) => number,
            None => return Limit::of_type(&integer.to_string(), false),
        },
        Bound::Float(float) => Number::from_f64(*float)?,
    };
    Limit::new(&number, excluded)
}

/// A value that is shown to the model, which had better be one that the tool takes.
fn sound(shape: &Shape, value: Value, what: &str) -> Result<Value, String> {
    let faults = check(shape, &value.to_string(), false);
    if faults.is_empty() || value.is_null() {
        return Ok(value);
    }
    let faults = faults.to_string().replace("the arguments must", "it must").replace("the arguments", "it");
    Err(format!("has the {what} {value}, which the tool itself would refuse: {faults}"))
}
