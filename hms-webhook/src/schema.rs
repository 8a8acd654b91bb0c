//! Tool definitions and their JSON Schema.
