//! From a JSON Schema as `schemars` derives it to a [`Shape`].

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{
    Choice, FloatWidth, Kind, Limit, ListShape, NumberShape, ObjectShape, Property, Rest, Shape, TextShape, combine,
    union,
};

/// Reads a schema. The error says what is wrong with it, as the rest of a sentence about the argument.
pub(crate) fn read(schema: Value) -> Result<Shape, String> {
    let definitions = match &schema {
        Value::Object(keywords) => keywords.get("$defs").cloned().unwrap_or_default(),
        _ => Value::Null,
    };
    Reader { definitions, open: Vec::new() }.shape(schema)
}

const IMPOSSIBLE: &str =
    "has a schema that no value can satisfy: some of what it says in several places rules out the rest";

pub(super) struct Reader {
    definitions: Value,
    /// The references that are being followed.
    open: Vec<String>,
}

impl Reader {
    pub(super) fn shape(&mut self, schema: Value) -> Result<Shape, String> {
        match schema {
            Value::Bool(true) => Ok(Shape::anything()),
            Value::Bool(false) => Ok(Shape::new(Kind::Nothing)),
            Value::Object(keywords) => self.keywords(keywords),
            other => Err(format!("has a schema that is no schema: {other}")),
        }
    }

    fn keywords(&mut self, keywords: Map<String, Value>) -> Result<Shape, String> {
        let mut keywords = self.gathered(keywords)?;
        if let Some(reference) = keywords.remove("$ref") {
            return self.referenced(&reference, keywords);
        }
        for unsaid in ["$schema", "$defs", "$id", "title"] {
            keywords.remove(unsaid);
        }
        let nullable = take_null(&mut keywords);
        let description = match keywords.remove("description") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let default = keywords.remove("default");
        let examples = keywords.remove("examples");
        let mut shape = self.kind(&mut keywords, nullable)?;
        shape.nullable |= nullable;
        shape.description = description.or(shape.description);
        shape.default = default.or(shape.default);
        shape.examples = examples.or(shape.examples);
        shape.other.extend(keywords);
        Ok(shape)
    }

    /// Merges the members of `allOf` into the schema that has it.
    fn gathered(&mut self, mut keywords: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let Some(Value::Array(members)) = keywords.remove("allOf") else { return Ok(keywords) };
        for member in members {
            keywords = match member {
                Value::Object(member) => both(keywords, self.inlined(member)?)?,
                Value::Bool(true) => keywords,
                _ => return Err(IMPOSSIBLE.to_owned()),
            };
        }
        Ok(keywords)
    }

    /// A member of `allOf` without its own reference, since several cannot stand beside each other.
    fn inlined(&mut self, member: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut member = self.gathered(member)?;
        let Some(reference) = member.remove("$ref") else { return Ok(member) };
        let target = self.target(&reference)?;
        self.open.push(name_of(&reference));
        let target = self.inlined(target);
        self.open.pop();
        both(member, target?)
    }

    /// Puts what is referred to in the reference's place. What is written beside a reference comes on top of it.
    fn referenced(&mut self, reference: &Value, beside: Map<String, Value>) -> Result<Shape, String> {
        let target = self.target(reference)?;
        self.open.push(name_of(reference));
        let shape = both(beside, target).and_then(|keywords| self.keywords(keywords));
        self.open.pop();
        shape
    }

    fn target(&self, reference: &Value) -> Result<Map<String, Value>, String> {
        let name = name_of(reference);
        if name == "#" || self.open.contains(&name) {
            let name = name.rsplit('/').next().filter(|name| *name != "#").map(|name| format!(", `{name}`,"));
            return Err(format!(
                "has a type that contains itself{}; a schema without references cannot describe that, and not every \
                 model follows references: give it a fixed depth, or take the nested part as `serde_json::Value`",
                name.unwrap_or_default()
            ));
        }
        match name.strip_prefix("#/$defs/").and_then(|name| self.definitions.get(name)) {
            Some(Value::Object(target)) => Ok(target.clone()),
            Some(Value::Bool(true)) => Ok(Map::new()),
            _ => Err(format!(
                "has a schema that refers to `{name}`, which is not among its `$defs`: describe it there, or in the \
                 reference's place"
            )),
        }
    }

    fn kind(&mut self, keywords: &mut Map<String, Value>, nullable: bool) -> Result<Shape, String> {
        match (keywords.remove("oneOf"), keywords.remove("anyOf")) {
            // An enum with a tag and one without are flattened into the same struct.
            (Some(Value::Array(one)), Some(Value::Array(other))) => {
                return self.union(combine::each_with_each(&one, &other)?, keywords);
            }
            (Some(Value::Array(branches)), _) | (_, Some(Value::Array(branches))) => {
                return self.union(branches, keywords);
            }
            _ => {}
        }
        if let Some(Value::Array(allowed)) = keywords.remove("enum") {
            keywords.remove("type");
            return Ok(choice(allowed));
        }
        if let Some(value) = keywords.remove("const") {
            keywords.remove("type");
            return Ok(if value.is_null() { Shape::new(Kind::Null) } else { choice(vec![value]) });
        }
        let kind = match keywords.remove("type") {
            Some(Value::String(name)) => name,
            Some(Value::Array(names)) => return self.several_types(names, keywords),
            _ if nullable && keywords.is_empty() => "null".to_owned(),
            _ => implied_type(keywords).to_owned(),
        };
        let kind = match kind.as_str() {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Number(number(keywords, true)),
            "number" => Kind::Number(number(keywords, false)),
            "string" => Kind::Text(text(keywords)?),
            "array" => Kind::List(self.list(keywords)?),
            "object" => self.object(keywords)?,
            "" => Kind::Anything,
            other => return Err(format!("has a schema of the unknown type `{other}`")),
        };
        Ok(Shape::new(kind))
    }

    fn several_types(&mut self, names: Vec<Value>, keywords: &mut Map<String, Value>) -> Result<Shape, String> {
        let keywords = std::mem::take(keywords);
        let branches = names.into_iter().map(|name| {
            let mut branch = keywords.clone();
            branch.insert("type".to_owned(), name);
            Value::Object(branch)
        });
        self.union(branches.collect(), &mut Map::new())
    }

    fn union(&mut self, branches: Vec<Value>, beside: &mut Map<String, Value>) -> Result<Shape, String> {
        let branches = combine::distribute(branches, beside)?;
        if branches.is_empty() {
            return Err(IMPOSSIBLE.to_owned());
        }
        let branches = branches.into_iter().map(|branch| self.shape(branch)).collect::<Result<Vec<_>, _>>()?;
        Ok(union::of(branches))
    }

    fn list(&mut self, keywords: &mut Map<String, Value>) -> Result<ListShape, String> {
        let first = match keywords.remove("prefixItems") {
            Some(Value::Array(first)) => first.into_iter().map(|item| self.shape(item)).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        let items = match keywords.remove("items") {
            Some(items) => Some(Box::new(self.shape(items)?)),
            None => None,
        };
        Ok(ListShape {
            first,
            items,
            minimum: size(keywords, "minItems"),
            maximum: size(keywords, "maxItems"),
            unique: keywords.remove("uniqueItems") == Some(Value::Bool(true)),
        })
    }

    fn object(&mut self, keywords: &mut Map<String, Value>) -> Result<Kind, String> {
        let required = match keywords.remove("required") {
            Some(Value::Array(names)) => names,
            _ => Vec::new(),
        };
        let mut properties = Vec::new();
        if let Some(Value::Object(named)) = keywords.remove("properties") {
            for (name, schema) in named {
                let shape = self.shape(schema)?;
                let required = required.iter().any(|required| required.as_str() == Some(&name));
                properties.push(Property { name, shape, required, strict: false });
            }
        }
        // A name that is required and described nowhere may hold anything.
        for name in required.iter().filter_map(Value::as_str) {
            if !properties.iter().any(|property| property.name == name) {
                let shape = Shape::anything();
                properties.push(Property { name: name.to_owned(), shape, required: true, strict: false });
            }
        }
        let mut patterns = Vec::new();
        if let Some(Value::Object(by_pattern)) = keywords.remove("patternProperties") {
            for (pattern, schema) in by_pattern {
                patterns.push((regex(number_key(&pattern))?, self.shape(schema)?));
            }
        }
        let unevaluated = keywords.remove("unevaluatedProperties");
        // A map says what else it takes; what does not is a struct, perhaps one without fields.
        let rest = match keywords.remove("additionalProperties").or(unevaluated) {
            None | Some(Value::Bool(false)) => Rest::Refused,
            Some(schema) => Rest::Like(Box::new(self.shape(schema)?)),
        };
        let (minimum, maximum) = (size(keywords, "minProperties"), size(keywords, "maxProperties"));
        Ok(Kind::Object(ObjectShape { minimum, maximum, ..ObjectShape::new(properties, patterns, rest) }))
    }
}

/// What both schemas allow.
fn both(one: Map<String, Value>, other: Map<String, Value>) -> Result<Map<String, Value>, String> {
    combine::merge(one, other)?.ok_or_else(|| IMPOSSIBLE.to_owned())
}

fn name_of(reference: &Value) -> String {
    reference.as_str().unwrap_or_default().to_owned()
}

/// Takes "or `null`" out of a schema, in each of the ways in which `schemars` writes it.
fn take_null(keywords: &mut Map<String, Value>) -> bool {
    let mut found = false;
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        let before = types.len();
        types.retain(|name| name != "null");
        found |= types.len() < before;
        if types.len() == 1 {
            let only = types.remove(0);
            keywords.insert("type".to_owned(), only);
        } else if types.is_empty() {
            keywords.insert("type".to_owned(), "null".into());
        }
    }
    if let Some(Value::Array(allowed)) = keywords.get_mut("enum") {
        let before = allowed.len();
        allowed.retain(|value| !value.is_null());
        found |= allowed.len() < before;
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = keywords.get_mut(several) {
            let before = branches.len();
            branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
            found |= branches.len() < before;
        }
    }
    found
}

/// A map with numbers as keys is described by `schemars` as if `"007"` were one of them, which none of them takes.
fn number_key(pattern: &str) -> &str {
    match pattern {
        r"^\d+$" => r"^(?:0|[1-9]\d*)$",
        r"^-?\d+$" => r"^(?:0|-?[1-9]\d*)$",
        other => other,
    }
}

fn implied_type(keywords: &Map<String, Value>) -> &'static str {
    let has = |names: &[&str]| names.iter().any(|name| keywords.contains_key(*name));
    if has(&["properties", "additionalProperties", "patternProperties", "required", "minProperties", "maxProperties"]) {
        "object"
    } else if has(&["items", "prefixItems", "minItems", "maxItems"]) {
        "array"
    } else if has(&["pattern", "minLength", "maxLength"]) {
        "string"
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) {
        "number"
    } else {
        ""
    }
}

fn choice(allowed: Vec<Value>) -> Shape {
    Shape::new(Kind::Choice(Choice { allowed, meanings: Vec::new() }))
}

fn number(keywords: &mut Map<String, Value>, integer: bool) -> NumberShape {
    let (minimum, maximum, float) = type_range(keywords, integer);
    let mut shape = NumberShape { integer, minimum, maximum, float };
    for (keyword, excluded) in [("minimum", false), ("exclusiveMinimum", true)] {
        shape.at_least(limit(keywords, keyword, excluded));
    }
    for (keyword, excluded) in [("maximum", false), ("exclusiveMaximum", true)] {
        shape.at_most(limit(keywords, keyword, excluded));
    }
    shape
}

impl NumberShape {
    /// Adds a lower limit where it is narrower than the one that is there.
    pub(crate) fn at_least(&mut self, limit: Option<Limit>) {
        let Some(limit) = limit else { return };
        let narrower = self.minimum.as_ref().is_none_or(|present| {
            limit.value > present.value || (limit.value == present.value && limit.excluded && !present.excluded)
        });
        if narrower {
            self.minimum = Some(limit);
        }
    }

    /// Adds an upper limit where it is narrower than the one that is there.
    pub(crate) fn at_most(&mut self, limit: Option<Limit>) {
        let Some(limit) = limit else { return };
        let narrower = self.maximum.as_ref().is_none_or(|present| {
            limit.value < present.value || (limit.value == present.value && limit.excluded && !present.excluded)
        });
        if narrower {
            self.maximum = Some(limit);
        }
    }
}

fn limit(keywords: &mut Map<String, Value>, keyword: &str, excluded: bool) -> Option<Limit> {
    match keywords.remove(keyword) {
        Some(Value::Number(number)) => Limit::new(&number, excluded),
        _ => None,
    }
}

/// What a Rust number type can hold, taken from the `format` that only Rust knows.
///
/// Up to 32 bits the schema says it. Wider types reach beyond 2^53, from where on JSON numbers are not exact
/// everywhere, so that saying their limits would promise something to nobody.
fn type_range(keywords: &mut Map<String, Value>, integer: bool) -> (Option<Limit>, Option<Limit>, Option<FloatWidth>) {
    let format = match keywords.get("format") {
        Some(Value::String(format)) => format.clone(),
        _ => return (None, None, None),
    };
    let float = match format.as_str() {
        "float" => Some(FloatWidth::Single),
        "double" => Some(FloatWidth::Double),
        _ => None,
    };
    macro_rules! range {
        ($type:ty) => {
            (<$type>::MIN.to_string(), <$type>::MAX.to_string(), <$type>::BITS <= 32)
        };
    }
    let (minimum, maximum, shown) = match format.as_str() {
        "int8" => range!(i8),
        "int16" => range!(i16),
        "int32" => range!(i32),
        "int64" => range!(i64),
        "int128" => range!(i128),
        "int" => range!(isize),
        "uint8" => range!(u8),
        "uint16" => range!(u16),
        "uint32" => range!(u32),
        "uint64" => range!(u64),
        "uint128" => range!(u128),
        "uint" => range!(usize),
        _ => {
            if float.is_some() {
                keywords.remove("format");
            }
            return (None, None, float.filter(|_| !integer));
        }
    };
    keywords.remove("format");
    let minimum = Limit::of_type(&minimum, shown || minimum == "0");
    (minimum, Limit::of_type(&maximum, shown), None)
}

fn text(keywords: &mut Map<String, Value>) -> Result<TextShape, String> {
    let pattern = match keywords.remove("pattern") {
        Some(Value::String(pattern)) => Some(regex(&pattern)?),
        _ => None,
    };
    let format = match keywords.remove("format") {
        Some(Value::String(format)) => Some(format),
        _ => None,
    };
    Ok(TextShape { minimum: size(keywords, "minLength"), maximum: size(keywords, "maxLength"), pattern, format })
}

pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    if let Some((part, instead)) = of_rust_alone(pattern) {
        return Err(format!(
            "has the pattern `{pattern}`, in which `{part}` means something else, or nothing, in JSON Schema; write {instead}"
        ));
    }
    Regex::new(pattern).map_err(|error| {
        format!("has the pattern `{pattern}`, which cannot be used: {error}; write it in the syntax of the `regex-lite` crate")
    })
}

/// What a regular expression has that JSON Schema, whose expressions are those of ECMAScript, reads in another way; and what
/// both read alike.
fn of_rust_alone(pattern: &str) -> Option<(&'static str, &'static str)> {
    let mut in_class = false;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                let escaped = rest.next();
                let is_braced = rest.as_str().starts_with('{');
                match escaped {
                    Some('A') => return Some(("\\A", "`^`")),
                    Some('z') => return Some(("\\z", "`$`")),
                    Some('a') => return Some(("\\a", "`\\x07`")),
                    Some('<') => return Some(("\\<", "`\\b`")),
                    Some('>') => return Some(("\\>", "`\\b`")),
                    Some('b') if is_braced => return Some(("\\b{", "`\\b`")),
                    Some('x' | 'u') if is_braced => {
                        return Some(("\\x{", "`\\u` and four digits, or the character itself"));
                    }
                    Some('U') => return Some(("\\U", "`\\u` and four digits, or the character itself")),
                    _ => {}
                }
            }
            '[' if in_class && rest.as_str().starts_with(':') => {
                return Some(("[:", "the characters, such as `A-Za-z`"));
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => match rest.as_str().strip_prefix('?') {
                Some(group) if group.starts_with("P<") => return Some(("(?P<", "`(?<`")),
                Some(group) if !group.starts_with([':', '<', '=', '!']) => {
                    return Some(("(?", "what its flags do, such as `[Aa]` for both cases"));
                }
                _ => {}
            },
            _ => {}
        }
    }
    None
}

fn size(keywords: &mut Map<String, Value>, keyword: &str) -> Option<usize> {
    keywords.remove(keyword).as_ref().and_then(Value::as_u64).map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}
