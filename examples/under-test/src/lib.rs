//! Runs the programs that the README shows as doc tests; nothing else.

#![cfg_attr(doctest, doc = include_str!("../../../README.md"))]
