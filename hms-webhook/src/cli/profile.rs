//! The flag `--profile` of the commands that put definitions somewhere.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};

use crate::Profile;

/// In which form definitions are written.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Form {
    /// The form of the definitions: plain JSON Schema, or what the models of one provider take
    #[arg(long, value_name = "PROFILE", default_value = "plain", value_parser = parser())]
    pub(crate) profile: Profile,
}

fn parser() -> impl clap::builder::TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::NAMES.map(|(name, _)| name)).try_map(|name| name.parse::<Profile>())
}
