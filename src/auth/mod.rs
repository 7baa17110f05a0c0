//! Authentication: determines who sends a request.
//!
//! - `viewer`: the authenticated caller: role and subject
//! - `oidc`: OpenID Connect: verifies the JWTs of an issuer

pub mod oidc;
pub mod viewer;
