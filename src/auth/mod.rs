pub mod oidc;
pub mod viewer;
