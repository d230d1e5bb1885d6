//! How others verify id tokens.

use serde_json::json;

use super::super::answer::{Answer, Reply};
use super::super::endpoint::Call;

/// `GET /oauth/discovery/keys`
pub async fn keys(call: Call) -> Reply {
    Ok(Answer::ok(&call.instance.key.key_set()))
}

/// `GET /.well-known/openid-configuration`
pub async fn configuration(call: Call) -> Reply {
    let issuer = &call.instance.issuer;
    Ok(Answer::ok(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "userinfo_endpoint": format!("{issuer}/oauth/userinfo"),
        "jwks_uri": format!("{issuer}/oauth/discovery/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "project_path", "ref", "ref_type"],
    })))
}
