//! What a JSON value may look like: one tree per tool, from which the model's schema is written and by which
//! the model's arguments are read, so that the two cannot disagree.
//!
//! The tree is a leaf of the crate: it knows neither tools nor requests.

mod combine;
mod decimal;
mod read;
pub(crate) mod union;
mod words;
mod write;

use regex_lite::Regex;
use serde_json::{Map, Number, Value};

#[cfg(feature = "testing")]
pub(crate) use combine::order;
pub(crate) use decimal::Decimal;
pub(crate) use read::{read, regex};
pub(crate) use words::{Detail, Escaped, choices, expected};
pub(crate) use write::write;
#[cfg(feature = "profiles")]
pub(crate) use write::{FORMATS, type_of};

/// One place of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// `null` is a value here. An optional property that may be `null` is written as if it could not be: leaving it
    /// out says the same, and a model that is offered one way does not have to choose.
    pub(crate) nullable: bool,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) examples: Option<Value>,
    /// Keywords that are shown to the model and left to the type itself when reading.
    pub(crate) other: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Anything,
    Nothing,
    Null,
    Boolean,
    Number(NumberShape),
    Text(TextShape),
    Choice(Choice),
    List(ListShape),
    Object(ObjectShape),
    Union(Union),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct NumberShape {
    pub(crate) integer: bool,
    pub(crate) minimum: Option<Limit>,
    pub(crate) maximum: Option<Limit>,
    /// Set where a binary floating-point type reads the number.
    pub(crate) float: Option<FloatWidth>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FloatWidth {
    Single,
    Double,
}

/// One end of what a number may be.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    pub(crate) value: Decimal,
    /// The same as an integer, where it is one: comparing those is quick.
    pub(crate) integer: Option<i128>,
    /// The limit itself is not allowed.
    pub(crate) excluded: bool,
    /// How the schema says it; `None` where the type is wider than what JSON numbers carry everywhere.
    pub(crate) shown: Option<Number>,
    /// Follows from the type alone, so that it is not worth words unless it is overstepped.
    pub(crate) of_type: bool,
}

impl Limit {
    pub(crate) fn new(number: &Number, excluded: bool) -> Option<Self> {
        let text = number.to_string();
        let value = Decimal::parse(&text)?;
        Some(Self { integer: value.to_i128(), value, excluded, shown: Some(number.clone()), of_type: false })
    }

    /// A limit of the integer type itself, `shown` to the model or not.
    pub(crate) fn of_type(text: &str, shown: bool) -> Option<Self> {
        let value = Decimal::parse(text)?;
        let integer = value.to_i128();
        let shown = integer.filter(|_| shown).and_then(Number::from_i128);
        Some(Self { value, integer, excluded: false, shown, of_type: true })
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TextShape {
    /// In Unicode characters.
    pub(crate) minimum: Option<usize>,
    pub(crate) maximum: Option<usize>,
    pub(crate) pattern: Option<Regex>,
    /// Said to the model, checked by the type.
    pub(crate) format: Option<String>,
}

impl TextShape {
    pub(crate) fn is_free(&self) -> bool {
        self.minimum.is_none() && self.maximum.is_none() && self.pattern.is_none()
    }
}

/// A value out of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    pub(crate) allowed: Vec<Value>,
    /// What single values mean, where their types say so.
    pub(crate) meanings: Vec<(Value, String)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ListShape {
    pub(crate) first: Vec<Shape>,
    /// Of the items after `first`.
    pub(crate) items: Option<Box<Shape>>,
    pub(crate) minimum: Option<usize>,
    pub(crate) maximum: Option<usize>,
    pub(crate) unique: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct ObjectShape {
    pub(crate) properties: Vec<Property>,
    pub(crate) patterns: Vec<(Regex, Shape)>,
    pub(crate) rest: Rest,
    /// How many members there are.
    pub(crate) minimum: Option<usize>,
    pub(crate) maximum: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// Nothing below is converted.
    pub(crate) strict: bool,
}

/// What members without a property of their own may be.
#[derive(Debug, Clone)]
pub(crate) enum Rest {
    Refused,
    Like(Box<Shape>),
}

/// One of several shapes.
#[derive(Debug, Clone)]
pub(crate) struct Union {
    pub(crate) branches: Vec<Shape>,
    pub(crate) told_by: ToldBy,
}

/// How it is known which branch a value belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToldBy {
    /// A member of this name, whose value each branch fixes.
    Tag(String),
    /// The only member's name (or, for what carries no data, the string itself).
    OnlyName,
    /// Trying.
    Trying,
}

impl Shape {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, nullable: false, description: None, default: None, examples: None, other: Map::new() }
    }

    pub(crate) fn anything() -> Self {
        Self::new(Kind::Anything)
    }

    pub(crate) fn as_object(&self) -> Option<&ObjectShape> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether `null` can be read here.
    pub(crate) fn takes_null(&self) -> bool {
        self.nullable
            || match &self.kind {
                Kind::Anything | Kind::Null => true,
                Kind::Union(union) => union.branches.iter().any(Shape::takes_null),
                _ => false,
            }
    }
}

impl ObjectShape {
    pub(crate) fn new(properties: Vec<Property>, patterns: Vec<(Regex, Shape)>, rest: Rest) -> Self {
        Self { properties, patterns, rest, minimum: None, maximum: None }
    }

    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}
