//! What `#[arg(default = …)]` and `#[arg(example = …)]` may say of an argument's type.

/// A value that stands for an argument of type `T`: one of the type itself, what an `Option` holds, or a
/// string literal for a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of the argument's type `{T}`",
    label = "this does not fit the parameter",
    note = "`default` and `example` are of the type of the parameter; a string literal also stands for a `String`"
)]
pub trait ValueOf<T> {
    #[doc(hidden)]
    fn convert(self) -> T;
}

impl<T> ValueOf<T> for T {
    fn convert(self) -> T {
        self
    }
}

impl<T> ValueOf<Option<T>> for T {
    fn convert(self) -> Option<T> {
        Some(self)
    }
}

macro_rules! texts {
    ($($text:ty),*) => { $(
        impl ValueOf<$text> for &str {
            fn convert(self) -> $text {
                self.into()
            }
        }

        impl ValueOf<Option<$text>> for &str {
            fn convert(self) -> Option<$text> {
                Some(self.into())
            }
        }
    )* };
}

texts!(String, Box<str>);

/// The `default` of an argument.
#[doc(hidden)]
pub fn value<T, V: ValueOf<T>>(value: V) -> T {
    value.convert()
}

/// The `example` of an argument, as it was written: only its type is looked at.
#[doc(hidden)]
pub fn example<T, V: ValueOf<T>>(value: V) -> V {
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_take_the_type_of_the_argument() {
        assert_eq!(value::<u64, _>(10_000_000_000), 10_000_000_000);
        assert_eq!(value::<Option<u8>, _>(5), Some(5));
        assert_eq!(value::<Option<u8>, _>(None), None);
        assert_eq!(value::<String, _>("five"), "five");
        assert_eq!(value::<Option<String>, _>("five").as_deref(), Some("five"));
        assert_eq!(example::<f32, _>(0.5), 0.5);
    }
}
