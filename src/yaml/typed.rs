//! What every value is, as serde_yaml reads it.
//!
//! Places are the outline's business; this tree has the same shape, aliases expanded, duplicate keys kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor};

/// A value of any type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number beyond 64 bits.
    Big,
    Float(f64),
    Text(String),
    List(Vec<Typed>),
    Map(Vec<(Typed, Typed)>),
}

/// Reads a document; `source` has one at least.
pub(super) fn typed(source: &str) -> Result<Typed, serde_yaml::Error> {
    serde_yaml::from_str(source)
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Typed, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Typed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Typed, E> {
        Ok(Typed::Null)
    }

    fn visit_none<E>(self) -> Result<Typed, E> {
        Ok(Typed::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Typed, D::Error> {
        Typed::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Typed, E> {
        Ok(Typed::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Typed, E> {
        Ok(Typed::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Typed, E> {
        Ok(i64::try_from(number).map_or(Typed::Big, Typed::Int))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Typed, E> {
        Ok(i64::try_from(number).map_or(Typed::Big, Typed::Int))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Typed, E> {
        Ok(i64::try_from(number).map_or(Typed::Big, Typed::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Typed, E> {
        Ok(Typed::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Typed, E> {
        Ok(Typed::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Typed, E> {
        Ok(Typed::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Typed, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Typed::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Typed, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Typed::Map(pairs))
    }

    /// A value with a tag of its own; the tag is the outline's to refuse.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Typed, A::Error> {
        let (IgnoredAny, content) = data.variant()?;
        content.newtype_variant()
    }
}
